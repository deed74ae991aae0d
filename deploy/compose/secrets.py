"""Makes the keys, certificates and tokens of a suite in containers, and gives each program a folder with only its own.

`python -m deploy.compose.secrets FOLDER` makes what is missing, and may be run twice. With `--keep` it goes on and
renews: tokens of services are good for a quarter of an hour, certificates for a month. It stands in for the identity
provider and the certificate authority that a company has, so it is for one machine, and not in the image.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from deploy.local.authority import Authority, ensure_authority
from deploy.local.keys import Keys, ensure_keys, mint_service_token
from deploy.local.plan import SERVICES
from deploy.local.state import KEYS_FOLDER, private_dir, write_private
from libs.clock import system_clock

DOOR, CONSOLE = "door", "console"
PROGRAMS = (*SERVICES, DOOR, CONSOLE)
PROGRAMS_FOLDER, TLS_FOLDER, MAILS_FOLDER = "programs", "tls", "mails"
TOKEN, CERTIFICATE, KEY, AUTHORITIES, JWKS = (
    "service.token",
    "certificate.pem",
    "key.pem",
    "authorities.pem",
    "jwks.json",
)
RENEW_SECONDS = 120.0


def make_secrets(folder: Path) -> None:
    """Make or renew everything in `folder`, which only its owner can open."""
    for place in (folder, folder / MAILS_FOLDER, folder / PROGRAMS_FOLDER):
        private_dir(place)
    keys = ensure_keys(folder / KEYS_FOLDER)
    authority = ensure_authority(folder / TLS_FOLDER, (*SERVICES, DOOR), now=system_clock())
    for program in PROGRAMS:
        for name, content in files_of(program, keys=keys, authority=authority).items():
            file = folder / PROGRAMS_FOLDER / program / name
            if not file.exists() or file.read_bytes() != content:
                write_private(file, content)


def files_of(program: str, *, keys: Keys, authority: Authority) -> Mapping[str, bytes]:
    """Give what one program may read, by the name of its file."""
    if program == CONSOLE:
        own = {file.name: file.read_bytes() for file in (keys.console_key_file, keys.console_secret_file)}
        return {**own, AUTHORITIES: authority.file.read_bytes()}
    tls = authority.files_of(program)
    every = {
        TOKEN: mint_service_token(keys.state, program).encode(),
        CERTIFICATE: tls.certificate.read_bytes(),
        KEY: tls.key.read_bytes(),
        AUTHORITIES: tls.authorities.read_bytes(),
    }
    if program == DOOR:
        return every
    own_keys = {
        "profile": [keys.erasure_key_file],
        "cart": [keys.handover_keys_file],
        "preference": [keys.link_keys_file],
    }
    return {
        **every,
        JWKS: keys.jwks_file.read_bytes(),
        **{file.name: file.read_bytes() for file in own_keys.get(program, ())},
    }


def main() -> None:
    """Make everything, and maybe stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", action="store_true", help="stay until asked to stop, and renew what runs out")
    given = parser.parse_args()
    make_secrets(given.folder)
    if not given.keep:
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(RENEW_SECONDS):
        make_secrets(given.folder)
    sys.exit(0)


if __name__ == "__main__":
    main()
