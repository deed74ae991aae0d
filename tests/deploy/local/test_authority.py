"""The launcher's own certificates fit together again at the next start, whatever it was killed at."""

from pathlib import Path

import pytest

from deploy.local.authority import AUTHORITY_KEY, Authority, ensure_authority
from libs.clock import system_clock
from libs.rpc.certificates import Certificates

SERVICES = ("cart", "profile")


def contents(authority: Authority) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(authority.folder.iterdir())}


def test_certificates_that_fit_together_stay(tmp_path: Path) -> None:
    before = contents(ensure_authority(tmp_path, SERVICES, now=system_clock()))
    assert contents(ensure_authority(tmp_path, SERVICES, now=system_clock())) == before


@pytest.mark.parametrize("of", ["cart", "authority"])
def test_a_key_without_its_certificate_is_made_anew(tmp_path: Path, of: str) -> None:
    now = system_clock()
    authority = ensure_authority(tmp_path / "one", SERVICES, now=now)
    other = ensure_authority(tmp_path / "other", SERVICES, now=now)
    if of == "authority":
        (authority.folder / AUTHORITY_KEY).write_bytes((other.folder / AUTHORITY_KEY).read_bytes())
    else:
        authority.files_of(of).key.write_bytes(other.files_of(of).key.read_bytes())
    ensure_authority(tmp_path / "one", SERVICES, now=now)
    for service in SERVICES:
        Certificates(authority.files_of(service))
    repaired = contents(authority)
    assert contents(ensure_authority(tmp_path / "one", SERVICES, now=now)) == repaired


def test_services_that_were_left_out_when_the_authority_was_made_anew_get_certificates_of_it(tmp_path: Path) -> None:
    now = system_clock()
    authority = ensure_authority(tmp_path, SERVICES, now=now)
    (authority.folder / AUTHORITY_KEY).unlink()
    left_out = authority.files_of("profile").certificate.read_bytes()
    ensure_authority(tmp_path, ("cart",), now=now)
    assert authority.files_of("profile").certificate.read_bytes() == left_out
    ensure_authority(tmp_path, SERVICES, now=now)
    assert authority.files_of("profile").certificate.read_bytes() != left_out
