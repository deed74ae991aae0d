"""Who a process is, on every span of it: service, version, replica, and its place in Kubernetes.

What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say wins over what is found out here.
"""

import os
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.sdk.resources import Attributes, OTELResourceDetector, Resource

NAMESPACE = "omnithread"
PACKAGES = ("omnithread-suite", "omnithread")
"""The first that is installed tells the version: they are released together."""
KUBERNETES = {
    f"K8S_{name.replace('.', '_').upper()}": f"k8s.{name}"
    for name in (
        "cluster.name",
        "namespace.name",
        "node.name",
        "pod.name",
        "pod.uid",
        "container.name",
        "deployment.name",
        "statefulset.name",
    )
}
"""Variables that the downward API fills (`K8S_POD_NAME`, ...), and the attributes that they become."""


class _HashedOnce(Resource):
    """A resource as the SDK has it, which never changes: the exporter asks for its hash with each span."""

    def __init__(self, attributes: Attributes, schema_url: str) -> None:
        super().__init__(attributes, schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash


def resource_of(service: str, *, instance: str = "", environment: Mapping[str, str] | None = None) -> Resource:
    """Describe a process of `service`; a replica without a name of its own is told apart by its pod, or by chance."""
    given = os.environ if environment is None else environment
    found = {
        "service.name": service,
        "service.namespace": NAMESPACE,
        "service.version": suite_version(),
        "service.instance.id": instance or given.get("K8S_POD_NAME") or uuid.uuid4().hex,
        **{attribute: given[name] for name, attribute in KUBERNETES.items() if given.get(name)},
    }
    said = OTELResourceDetector().detect().attributes
    made = Resource.create({key: value for key, value in found.items() if key not in said})
    return _HashedOnce(made.attributes, made.schema_url)


def suite_version() -> str:
    """Give the version of what runs; `unknown` where it was not installed as a package."""
    for package in PACKAGES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
