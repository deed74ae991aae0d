"""What messages can be for, and whether that needs the customer's consent. A frozen table, replaceable by a file.

The file is TOML, one table per purpose:

    [cart_reminder]
    kind = "marketing"

`marketing` is sent only with consent for the purpose and the way, in no quiet hours, and within pauses and caps.
`transactional` belongs to something that the customer did or has: it needs no consent, and waits for no quiet hours;
of pauses and caps only those count that the customer set for this very purpose.
`identity_code`, one-time codes, is there whatever the file says, and is transactional.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

MAX_PURPOSES = 100
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
KINDS = ("marketing", "transactional")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose."""

    name: str
    is_transactional: bool


Purposes = Mapping[str, Purpose]

IDENTITY_CODE = "identity_code"


def _table(**kinds: str) -> Purposes:
    kinds = {IDENTITY_CODE: "transactional", **kinds}
    return MappingProxyType({name: Purpose(name, kind == "transactional") for name, kind in kinds.items()})


DEFAULT_PURPOSES: Purposes = _table(
    cart_reminder="marketing",
    newsletter="marketing",
    price_alert="marketing",
    conversation="transactional",
    order_confirmation="transactional",
    service="transactional",
)


def load_purposes(file: Path | None) -> Purposes:
    """Read the table from a file; the default one where none is given. ValueError where the file says anything else."""
    if file is None:
        return DEFAULT_PURPOSES
    kinds: dict[str, str] = {}
    for name, purpose in tomllib.loads(file.read_text(encoding="utf-8")).items():
        if not NAME.fullmatch(name):
            raise ValueError(f"{file}: `{name}` is no name of a purpose")
        if not isinstance(purpose, dict) or set(purpose) != {"kind"} or purpose["kind"] not in KINDS:
            raise ValueError(f"{file}: [{name}] needs kind = one of {KINDS}, and nothing else")
        if name == IDENTITY_CODE and purpose["kind"] != "transactional":
            raise ValueError(f"{file}: [{name}] brings a code that somebody asked for: it has to be transactional")
        kinds[name] = purpose["kind"]
    if not 0 < len(kinds) <= MAX_PURPOSES:
        raise ValueError(f"{file}: 1 to {MAX_PURPOSES} purposes are needed")
    return _table(**kinds)
