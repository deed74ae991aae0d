"""A process tells when its certificate ends, and another one that was put in place counts at once."""

from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from deploy.local.authority import ensure_authority
from libs.clock import system_clock
from libs.rpc.certificate_metrics import tell_ends
from libs.rpc.certificates import Certificates
from tests.deploy.observability.files import alerts

NAME = "omnithread_certificate_expires_timestamp_seconds"


def test_the_end_that_is_told_is_that_of_the_certificate_in_use(tmp_path: Path) -> None:
    now, seconds, registry = system_clock(), [0.0], CollectorRegistry()
    authority = ensure_authority(tmp_path / "tls", ["cart"], now=now)
    files = authority.files_of("cart")
    tell_ends(Certificates(files, monotonic=lambda: seconds[0]), registry)
    before = registry.get_sample_value(NAME, {"certificate": "own"})
    assert before is not None
    assert before > now.timestamp()
    assert (registry.get_sample_value(NAME, {"certificate": "authority"}) or 0) >= before

    later = ensure_authority(tmp_path / "later", ["cart"], now=now + timedelta(days=1)).files_of("cart")
    files.key.write_bytes(later.key.read_bytes())
    seconds[0] += 1
    assert registry.get_sample_value(NAME, {"certificate": "own"}) == before  # half of an exchange is not taken up
    files.certificate.write_bytes(later.certificate.read_bytes())
    seconds[0] += 1
    after = registry.get_sample_value(NAME, {"certificate": "own"})
    assert after is not None
    assert after - before == timedelta(days=1).total_seconds()


def test_somebody_is_told_of_an_end_that_comes_near() -> None:
    assert any(NAME in rule["expr"] for rule in alerts())
