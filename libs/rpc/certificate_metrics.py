"""Tells when certificates end, so that somebody is told before it is too late."""

from prometheus_client import CollectorRegistry, Gauge

from libs.rpc.certificates import Certificates


def tell_ends(certificates: Certificates, registry: CollectorRegistry) -> None:
    """Tell it of those in use, in `registry`; looked up anew whenever somebody asks, so a replaced file counts at once.

    In seconds since 1970, as a certificate says it: whoever watches says how long before the end is soon.
    """
    ends = Gauge(
        "omnithread_certificate_expires_timestamp_seconds",
        "When the certificate that this process shows (own), or the first of those it believes (authority), ends.",
        ["certificate"],
        registry=registry,
    )
    ends.labels("own").set_function(lambda: certificates.get().expires)
    ends.labels("authority").set_function(lambda: certificates.get().authorities_expire)
