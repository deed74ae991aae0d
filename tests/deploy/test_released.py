"""The last release is recorded, its contract is kept, and what would break its clients is found."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.released import CONTRACT, ROOT, NoHistory, Release, faults_of_contract, renew, unpack


def test_nothing_breaks_clients_of_the_last_release() -> None:
    assert faults_of_contract() == ""


def test_a_field_that_is_taken_away_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    changed = tmp_path / "protos/omnithread/cart/v1/cart.proto"
    kept = [line for line in changed.read_text().splitlines() if "repeated string offer_codes" not in line]
    changed.write_text("\n".join(kept))
    faults = faults_of_contract(root=tmp_path)
    assert 'Previously present field "17" with name "offer_codes" on message "Cart" was deleted' in faults
    assert len(faults.splitlines()) == 1


def test_the_contract_that_is_kept_is_the_one_of_the_recorded_commit(tmp_path: Path) -> None:
    try:
        renew(tmp_path / "made.binpb.gz")
    except NoHistory:
        pytest.skip("the history of this clone does not reach back to the last release")
    kept, made = (gzip.decompress(path.read_bytes()) for path in (CONTRACT, tmp_path / "made.binpb.gz"))
    assert kept == made


def test_a_clone_without_the_history_says_so(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # noqa: S607  the git that the developer has
    with pytest.raises(NoHistory, match="elsewhere"):
        unpack(Release("elsewhere", "0" * 40), tmp_path, root=tmp_path)
