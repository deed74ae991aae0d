"""Keys for development lie where only their owner can read them."""

import stat
from pathlib import Path

import jwt

from deploy.local.keys import ensure_keys, mint_channel_token, renew_keys, write_service_token


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_what_is_in_the_folder(tmp_path: Path) -> None:
    state = tmp_path / "state"
    keys = ensure_keys(state)
    token_file = write_service_token(state, "cart")
    assert token_file == keys.service_token_file("cart")
    assert mode(state) == 0o700
    assert {path.name: mode(path) for path in state.iterdir()} == {
        "signing-key.pem": 0o600,
        "jwks.json": 0o600,
        "cart.token": 0o600,
        "erasure.key": 0o600,
        "handover-keys.json": 0o600,
        "link-keys.json": 0o600,
        "console-key.json": 0o600,
        "console-session.key": 0o600,
    }


def test_a_folder_that_was_open_is_closed_and_its_keys_are_kept(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    before = keys.jwks_file.read_text()
    tmp_path.chmod(0o755)
    ensure_keys(tmp_path)
    assert mode(tmp_path) == 0o700
    assert keys.jwks_file.read_text() == before


def test_the_public_file_holds_no_private_key(tmp_path: Path) -> None:
    assert '"d"' not in ensure_keys(tmp_path).jwks_file.read_text()


def test_renewed_keys_have_another_name(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    first = jwt.get_unverified_header(mint_channel_token(tmp_path, "web-shop"))
    renew_keys(tmp_path)
    second = jwt.get_unverified_header(mint_channel_token(tmp_path, "web-shop"))
    assert first["alg"] == second["alg"] == "EdDSA"
    assert first["kid"] != second["kid"]


def test_a_token_says_channel_and_actor(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    token = mint_channel_token(tmp_path, "store-042", actor="emp-7", lifetime_seconds=60)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["channel"], claims["actor"], claims["aud"]) == ("store-042", "emp-7", "omnithread")
    assert 59 < claims["exp"] - claims["iat"] <= 60
