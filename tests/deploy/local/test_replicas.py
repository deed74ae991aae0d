"""Several replicas of a service: ports of their own, one address for all, and another version's own files."""

from pathlib import Path

from deploy.local.plan import SERVICES, free_ports
from deploy.local.service import CLIENT_PACKAGE, in_checkout
from deploy.local.state import ROOT


def test_replicas_have_ports_of_their_own_and_are_called_by_one_address() -> None:
    ports = free_ports(replicas=2)
    assert len(set(ports.all().values())) == len(ports.all())
    assert {"cart", "cart-2", "cart-2 (health)"} <= ports.all().keys()
    for service in SERVICES:
        first, second = ports.replicas(service)
        assert ports.address_of(service) == f"ipv4:127.0.0.1:{first.grpc},127.0.0.1:{second.grpc}"
        assert ports.internal_address_of(service) == f"ipv4:127.0.0.1:{first.internal},127.0.0.1:{second.internal}"
    assert ports.addresses().cart == ports.address_of("cart")


def test_one_replica_has_a_plain_address() -> None:
    ports = free_ports()
    assert ports.address_of("cart") == f"127.0.0.1:{ports.services['cart'].grpc}"


def test_another_version_gets_its_own_files_and_the_same_everything_else() -> None:
    told = {"OMNITHREAD_CHANNELS_FILE": f"{ROOT}/deploy/channels.toml", "OMNITHREAD_LISTEN": "127.0.0.1:1"}
    assert in_checkout(told, ROOT) == told
    other = Path("/elsewhere")
    assert in_checkout(told, other) == {
        "OMNITHREAD_CHANNELS_FILE": "/elsewhere/deploy/channels.toml",
        "OMNITHREAD_LISTEN": "127.0.0.1:1",
        "PYTHONPATH": f"/elsewhere/{CLIENT_PACKAGE}",
    }
