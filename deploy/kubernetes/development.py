"""Secrets for a cluster on a developer's machine: `python -m deploy.kubernetes.development | kubectl apply -f -`.

It makes, below the state folder, what in production an identity provider, cert-manager and a vault give out, and prints
it under the names by which the manifests ask for it. Tokens are good for a week; run it again to have fresh ones.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.authority import Authority, ensure_authority
from deploy.local.keys import Keys, ensure_keys, mint_service_token
from deploy.local.plan import SERVICES
from deploy.local.state import KEYS_FOLDER, STATE_DIR
from libs.clock import system_clock

NAMESPACE = "omnithread"
MONGO_URI = "mongodb://mongodb:27017/?replicaSet=rs0"
CALLERS = (*SERVICES, "door")
TOKEN_SECONDS = 7 * 86_400
"""The local overlay lets tokens be good for so long; everywhere else it is a quarter of an hour."""

Object = dict[str, Any]  # as Kubernetes has them
"""One resource."""


def development_objects(
    state: Path, *, mongo_uris: Mapping[str, str] | None = None, token_seconds: float = TOKEN_SECONDS
) -> list[Object]:
    """Give the Secrets and ConfigMaps that the manifests refer to and do not have."""
    keys = ensure_keys(state / KEYS_FOLDER)
    authority = ensure_authority(state / "tls", CALLERS, now=system_clock())
    uris = mongo_uris or dict.fromkeys(SERVICES, MONGO_URI)
    return [
        _object("ConfigMap", "omnithread-authorities", {"ca.crt": _text(authority.file)}),
        _object("ConfigMap", "token-keys", {"jwks.json": _text(keys.jwks_file)}),
        *(_certificate(authority, name) for name in CALLERS),
        *(
            _object("Secret", f"{name}-token", {"token": _token(keys, name, token_seconds=token_seconds)})
            for name in CALLERS
        ),
        *(_object("Secret", f"{name}-mongodb", {"uri": uris[name]}) for name in SERVICES),
        *(_object("Secret", f"{name}-kafka", {"password": "nobody asks for one here"}) for name in SERVICES),
        _object("Secret", "profile-erasure", {"key": _text(keys.erasure_key_file)}),
        _object("Secret", "cart-handover", {"keys.json": _text(keys.handover_keys_file)}),
        _object("Secret", "preference-links", {"keys.json": _text(keys.link_keys_file)}),
        _object("Secret", "messaging-smtp", {"password": "nobody asks for one here"}),
        _object(
            "Secret",
            "console-keys",
            {"token-key.json": _text(keys.console_key_file), "session.key": _text(keys.console_secret_file)},
        ),
    ]


def _certificate(authority: Authority, service: str) -> Object:
    files = authority.files_of(service)
    return _object("Secret", f"{service}-tls", {"tls.crt": _text(files.certificate), "tls.key": _text(files.key)})


def _token(keys: Keys, service: str, *, token_seconds: float) -> str:
    return mint_service_token(keys.state, service, lifetime_seconds=token_seconds)


def _object(kind: str, name: str, data: Mapping[str, str]) -> Object:
    key = "stringData" if kind == "Secret" else "data"
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        key: dict(data),
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    made = {"apiVersion": "v1", "kind": "List", "items": development_objects(STATE_DIR / "kubernetes")}
    print(json.dumps(made, indent=2))  # noqa: T201  into a pipe
