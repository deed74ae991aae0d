"""A shop in Go, on stubs that are made as docs/other-languages.md says."""

import os
import shutil
from pathlib import Path

import pytest

import omnithread
from deploy.local.suite import Suite
from tests.clients.commands import run
from tests.clients.go_here import MISSING, SOURCES, has_go
from tests.clients.node_here import ROOT
from tests.clients.typed_shops import documented, sells_a_purse_and_reads_a_refusal

SHOP = Path(__file__).parent / "go" / "shop.go"


@pytest.mark.timeout(1200)
@pytest.mark.skipif(not has_go(), reason=MISSING)
async def test_a_shop_in_go_compiles_sells_and_reads_a_refusal(
    running: Suite, store: omnithread.Omnithread, tmp_path: Path
) -> None:
    folder = tmp_path / "src" / "example.com" / "shop"
    [generate] = documented("buf.gen.go.yaml")
    await run(*generate[:-1], str(folder), folder=ROOT)
    assert names(folder, "_service_grpc.pb.go") == names(ROOT / "protos" / "omnithread", "_service.proto")
    shutil.copy(SHOP, folder)
    # Debian's packages of Go lie there as sources, not as modules.
    told = {
        "GOPATH": os.pathsep.join([str(tmp_path), str(SOURCES)]),
        "GO111MODULE": "off",
        "GOFLAGS": "-p=1",
        "CGO_ENABLED": "0",
        "GOCACHE": str(ROOT / ".local" / "go-cache"),
    }
    await run("go", "build", "-o", str(tmp_path / "shop"), ".", folder=folder, told=told)
    await sells_a_purse_and_reads_a_refusal(str(tmp_path / "shop"), folder=folder, running=running, store=store)


def names(folder: Path, ending: str) -> set[str]:
    """Give the names of the files that end so, without that."""
    return {path.name.removesuffix(ending) for path in folder.rglob(f"*{ending}")}
