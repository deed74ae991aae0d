"""What a run keeps is its owner's only, and two runs on one machine do not meet."""

import stat
from pathlib import Path

from deploy.local.plan import FIXED_PORTS, Plan, free_ports, fresh_prefix
from deploy.local.state import private_dir, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_may_look_into_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    write_private(tmp_path / "state" / "web-shop.token", b"secret")
    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "web-shop.token") == 0o600
    write_private(tmp_path / "state" / "web-shop.token", b"newer")
    assert (tmp_path / "state" / "web-shop.token").read_bytes() == b"newer"
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["web-shop.token"]
    assert mode(private_dir(tmp_path / "state" / "keys")) == 0o700


def test_no_two_parts_share_a_port() -> None:
    for ports in (FIXED_PORTS, free_ports()):
        assert len(set(ports.all().values())) == len(ports.all()) == 30


def test_the_fixed_ports_are_the_documented_ones() -> None:
    services = FIXED_PORTS.services
    assert {name: ports.grpc for name, ports in services.items()} == {
        "profile": 50051,
        "cart": 50052,
        "preference": 50053,
        "messaging": 50054,
        "aggregator": 50055,
    }
    assert all(ports.health == ports.grpc + 1000 and ports.metrics == ports.grpc + 2000 for ports in services.values())


def test_two_runs_on_shared_servers_have_names_of_their_own(tmp_path: Path) -> None:
    first, second = (Plan(state_dir=tmp_path, prefix=fresh_prefix("demo")) for _ in range(2))
    assert first.database("cart") != second.database("cart")
    assert "." not in first.database("cart")
    assert Plan(state_dir=tmp_path).database("cart") == "omnithread_cart"
