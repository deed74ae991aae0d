"""The last release: which commit it is, its files out of the repository's own history, and its contract.

`python -m deploy.released` compares the contract with that of the last release, and leaves with 1 where a
client of that release would break. `--renew`, after `released.toml` names another release, takes its contract over.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "deploy/released.toml"
CONTRACT = ROOT / "deploy/released.binpb.gz"
"""Committed: a shallow clone has no history to take it from."""
RULES = '{"version":"v1","breaking":{"use":["FILE"],"ignore":["buf","google"]}}'


class NoHistory(Exception):
    """The repository's history does not reach back to the last release: a shallow clone, or no repository at all."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release."""

    name: str
    commit: str


def last_release(record: Path = RECORD) -> Release:
    """Read which one it is. Raises KeyError, ValueError for a damaged record."""
    told = tomllib.loads(record.read_text(encoding="utf-8"))
    return Release(name=told["name"], commit=told["commit"])


def unpack(release: Release, into: Path, *folders: str, root: Path = ROOT) -> None:
    """Put the release's files, or those in some folders, into a folder. Raises NoHistory."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", release.commit, *folders],  # noqa: S607  the git that the developer has
        cwd=root,
        capture_output=True,
        check=False,
    )
    if packed.returncode != 0:
        raise NoHistory(f"{release.name} ({release.commit[:12]}): {packed.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(into, filter="data")


def faults_of_contract(*, root: Path = ROOT, contract: Path = CONTRACT) -> str:
    """Give what would break a client of the last release, a line each; empty where nothing would."""
    with tempfile.TemporaryDirectory() as folder:
        present = Path(folder) / "present.binpb"
        _buf("build", "--exclude-source-info", "-o", str(present), cwd=root / "protos")
        compared = _buf(
            "breaking", str(present), "--against", str(contract), "--config", RULES, cwd=root, may_fail=True
        )
    return compared.stdout.decode()


def renew(contract: Path = CONTRACT) -> None:
    """Take the contract of the release that the record names out of the history. Raises NoHistory."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(last_release(), Path(folder), "protos")
        _buf("build", "--exclude-source-info", "-o", str(contract), cwd=Path(folder) / "protos")


def _buf(*words: str, cwd: Path, may_fail: bool = False) -> "subprocess.CompletedProcess[bytes]":
    """Run buf; what it has to say about a fault that is no finding is raised."""
    done = subprocess.run([Path(sys.executable).with_name("buf"), *words], cwd=cwd, capture_output=True, check=False)
    if done.returncode and not (may_fail and done.stdout):
        raise RuntimeError(f"buf {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done


def main() -> None:
    """Compare, or renew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="take in the contract of the release in released.toml")
    if parser.parse_args().renew:
        renew()
    elif faults := faults_of_contract():
        sys.exit(f"the contract breaks clients of {last_release().name}:\n{faults}")


if __name__ == "__main__":
    main()
