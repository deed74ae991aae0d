"""Overlays together with what they refer to: what a developer's cluster would be given beside them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.kubernetes.development import development_objects
from tests.deploy.kubernetes.pods import Pod, pod_of
from tests.deploy.kubernetes.rendering import Object, ours, overlay

BY_OPERATORS = {
    "Secret": {
        "mongodb-tls": {"ca.crt": "made by cert-manager"},
        "omnithread-cluster-ca-cert": {"ca.crt": "made by Strimzi"},
    }
}
MADE_FOR_USERS = {"uri": "connectionString.standardSrv"}
"""Under which key MongoDB's operator keeps what stands under ours elsewhere."""


@cache
def referred_to() -> tuple[Object, ...]:
    """Give what the manifests refer to, by way of the program for developers."""
    with TemporaryDirectory() as state:
        made = development_objects(Path(state))
    operators: list[Object] = [
        {"kind": kind, "metadata": {"name": name}, "stringData": data}
        for kind, named in BY_OPERATORS.items()
        for name, data in named.items()
    ]
    for one in made:
        data = one.get("stringData", {})
        data |= {MADE_FOR_USERS[key]: value for key, value in tuple(data.items()) if key in MADE_FOR_USERS}
    return (*made, *operators)


@cache
def whole_pods(name: str) -> tuple[Pod, ...]:
    """Give the first pod of every workload of an overlay, whole."""
    return tuple(_whole(overlay(name)))


def _whole(objects: tuple[Object, ...]) -> Iterator[Pod]:
    for workload in ours(objects).values():
        yield pod_of(workload, (*objects, *referred_to()))
