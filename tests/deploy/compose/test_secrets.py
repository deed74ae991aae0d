"""The secrets of a suite in containers: each program has its own, nobody else's, and fresh ones before they run out."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from deploy.compose import secrets as made
from deploy.compose.secrets import make_secrets
from deploy.local.ports import free_port
from tests.deploy.compose.resolved import ROOT

LIMIT_SECONDS = 120


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_only_their_owner_can_read_them(secrets: Path) -> None:
    for path in (secrets, *secrets.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_signs_is_given_to_no_program(secrets: Path) -> None:
    signing = {secrets / "keys/signing-key.pem", secrets / "tls/ca-key.pem"}
    texts = [file.read_bytes() for file in signing]
    given = contents(secrets / "programs")
    assert not [name for name, content in given.items() if any(text in content for text in texts)]
    keys = [content for name, content in given.items() if name.endswith(("key.pem", ".key", "-keys.json", "-key.json"))]
    assert len(keys) == len(set(keys)) == 11


def test_a_second_run_makes_tokens_anew_and_leaves_keys_alone(secrets: Path) -> None:
    before = contents(secrets)
    time.sleep(1.1)  # tokens tell seconds
    make_secrets(secrets)
    after = contents(secrets)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {name for name in after if name.endswith("service.token")}


def test_a_token_names_its_service_and_is_checked_with_the_keys_beside_it(secrets: Path) -> None:
    cart = secrets / "programs/cart"
    keys = json.loads((cart / "jwks.json").read_text())["keys"]
    claims = jwt.decode(
        (cart / "service.token").read_text(), jwt.PyJWK(keys[0]).key, algorithms=["EdDSA"], audience="omnithread"
    )
    assert claims["service"] == "cart"


def test_who_stays_renews_until_told_to_stop(tmp_path: Path) -> None:
    # The program itself, with a shorter pause.
    code = (
        "import sys; from deploy.compose import secrets; secrets.RENEW_SECONDS = 0.2;"
        f"sys.argv[1:] = [{str(tmp_path)!r}, '--keep']; secrets.main()"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as child:
        try:
            token = tmp_path / "programs/door/service.token"
            seen: set[str] = set()
            deadline = time.monotonic() + LIMIT_SECONDS
            while len(seen) < 2:
                assert time.monotonic() < deadline
                assert child.poll() is None
                if token.exists():
                    seen.add(token.read_text())
                time.sleep(0.1)
        finally:
            child.send_signal(signal.SIGTERM)
        assert child.wait(LIMIT_SECONDS) == 0
    assert made.RENEW_SECONDS * 3 < 900


@pytest.mark.parametrize("script", ["grpc_ready.py", "http_ready.py"])
def test_a_probe_says_no_where_nobody_answers(script: str) -> None:
    environment = {**os.environ, "OMNITHREAD_HEALTH_LISTEN": f"0.0.0.0:{free_port()}"}
    done = subprocess.run(
        [sys.executable, ROOT / "deploy/compose" / script], env=environment, capture_output=True, check=False
    )
    assert done.returncode != 0
