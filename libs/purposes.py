"""What messages can be for, and by which rules: a frozen table, replaceable by a file.

The file is TOML, one table per purpose, of which only `kind` is needed, and a table `all`:

    [all]
    caps = [{ max_messages = 3, per = "calendar_day" }]     # over everything that is marketing
    quiet_hours = { start = "21:00", end = "08:00" }         # of a customer who named none
    spread_seconds = 600                                     # how far apart go what waited for the same hour

    [cart_reminder]
    kind = "marketing"
    double_opt_in = true
    caps = [{ max_messages = 1, per = "rolling", days = 2, kind = "SMS" }]
    labels = { en = "Reminders of your cart", de = "Erinnerungen an Ihren Warenkorb" }

`marketing` is sent only with consent for the purpose and the way, in no quiet hours, and within pauses and caps.
`transactional` belongs to something that the customer did or has: it needs no consent, and waits for no quiet hours;
of pauses and caps only those count that the customer set for this very purpose.
With `counted = true` such a message counts in the caps of marketing, which still do not hold it back.
With `when_unknown = "again"` it is sent once more where nobody can find out whether it went out; marketing never is.
`identity_code`, one-time codes, and `consent_confirmation`, which asks whether a yes was meant, are there whatever the
file says, and are transactional.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from omnithread.common.v1.delivery_pb2 import DeliveryKind

MAX_PURPOSES = 100
MAX_CAPS = 10
MOST_MESSAGES = 1000
MOST_DAYS = 365
MOST_LABELS = 50
MOST_SPREAD_SECONDS = 3600
DIGEST_CHARACTERS = 12
ALL = "all"
"""The table of what holds for all purposes; none is called so."""
IDENTITY_CODE = "identity_code"
CONSENT_CONFIRMATION = "consent_confirmation"
ALWAYS_THERE = (IDENTITY_CODE, CONSENT_CONFIRMATION)
NO_LABELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CapRule:
    """How many messages the company sends to one customer at most; the customer's own caps count beside it."""

    max_messages: int
    per: Literal["calendar_day", "rolling"]
    """Days of the customer's calendar, in their time zone, today being the last; or that many times 24 hours."""
    days: int = 1
    kind: str = ""
    """By this way of delivery only, by the contract's name; empty for all ways together."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose."""

    name: str
    is_transactional: bool
    is_counted: bool = False
    """Whether a transactional one counts in the caps of marketing; marketing always does."""
    needs_double_opt_in: bool = False
    """Whether a yes by e-mail or SMS is pending until its holder confirms it."""
    caps: tuple[CapRule, ...] = ()
    """Over this purpose alone."""
    when_unknown: Literal["leave", "again"] = "leave"
    """What is done where nobody knows whether it went out; marketing is always left."""
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    """What customers read in the preference centre, by language."""


@dataclass(frozen=True, slots=True, eq=False)
class PurposeTable(Mapping[str, Purpose]):
    """All purposes by name, and what holds for all of them."""

    purposes: Mapping[str, Purpose]
    caps: tuple[CapRule, ...] = ()
    """Over everything that counts, whatever its purpose; they hold back marketing only."""
    quiet_hours: tuple[int, int] | None = None
    """Start and end in minutes after midnight, of a customer who named none; None leaves them without."""
    spread_seconds: int = 300
    """What waited for the end of the same quiet hours goes out spread over so many seconds."""
    digest: str = ""
    """Stands for all of the rules: equal where they are equal."""

    def __getitem__(self, name: str) -> Purpose:
        """Give one purpose. KeyError where there is no such."""
        return self.purposes[name]

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self.purposes)

    def __len__(self) -> int:
        """Count them."""
        return len(self.purposes)

    def counts(self, name: str) -> bool:
        """Say whether a message of this purpose counts in caps; one that is not configured any more does."""
        purpose = self.purposes.get(name)
        return purpose is None or purpose.is_counted or not purpose.is_transactional


def purpose_table(
    *purposes: Purpose,
    caps: tuple[CapRule, ...] = (),
    quiet_hours: tuple[int, int] | None = None,
    spread_seconds: int = 300,
) -> PurposeTable:
    """Make a table of these, and of those that are always there."""
    always = {name: Purpose(name, is_transactional=True) for name in ALWAYS_THERE}
    by_name = always | {purpose.name: purpose for purpose in purposes}
    told = repr((sorted(map(_told, by_name.values())), caps, quiet_hours, spread_seconds))
    digest = sha256(told.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return PurposeTable(MappingProxyType(by_name), caps, quiet_hours, spread_seconds, digest)


def _told(purpose: Purpose) -> str:
    rules = (purpose.is_transactional, purpose.is_counted, purpose.needs_double_opt_in, purpose.when_unknown)
    return repr((purpose.name, *rules, purpose.caps, sorted(purpose.labels.items())))


DEFAULT_PURPOSES = purpose_table(
    *(
        Purpose(name, is_transactional=False)
        for name in ("browse_reminder", "cart_reminder", "newsletter", "order_follow_up", "price_alert")
    ),
    *(Purpose(name, is_transactional=True) for name in ("conversation", "order_confirmation", "service")),
)


def load_purposes(file: Path | None) -> PurposeTable:
    """Read the table from a file; the default one where none is given. ValueError where the file leaves doubt."""
    if file is None:
        return DEFAULT_PURPOSES
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        everything = _All.model_validate(tables.pop(ALL, {}))
        purposes = _File.model_validate({"purposes": tables}).purposes
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file}: {error}") from error
    quiet = everything.quiet_hours
    return purpose_table(
        *(_purpose(name, entry) for name, entry in purposes.items()),
        caps=tuple(map(_cap, everything.caps)),
        quiet_hours=(_minute(quiet.start), _minute(quiet.end)) if quiet else None,
        spread_seconds=everything.spread_seconds,
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cap(_Strict):
    max_messages: int = Field(ge=0, le=MOST_MESSAGES)
    per: Literal["calendar_day", "rolling"]
    days: int = Field(default=1, ge=1, le=MOST_DAYS)
    kind: str = ""

    @model_validator(mode="after")
    def _way_is_known(self) -> "_Cap":
        if self.kind and f"DELIVERY_KIND_{self.kind}" not in DeliveryKind.keys()[1:]:  # the first stands for none
            raise ValueError(f"`{self.kind}` is no way of delivery")
        return self


_Caps = Annotated[list[_Cap], Field(max_length=MAX_CAPS)]
_Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{2,35}$")]
_Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Entry(_Strict):
    kind: Literal["marketing", "transactional"]
    counted: bool = False
    double_opt_in: bool = False
    caps: _Caps = []
    when_unknown: Literal["leave", "again"] = "leave"
    labels: Annotated[dict[_Language, _Label], Field(max_length=MOST_LABELS)] = {}

    @model_validator(mode="after")
    def _fits_the_law(self) -> "_Entry":
        if self.kind == "marketing" and self.when_unknown == "again":
            raise ValueError("marketing is never sent again where nobody knows whether it went out")
        if self.kind == "transactional" and self.double_opt_in:
            raise ValueError("what is transactional needs no consent, so there is none to confirm")
        if self.kind == "transactional" and self.caps:
            raise ValueError("no cap of the company holds back what is transactional")
        return self


class _Quiet(_Strict):
    start: _Clock
    end: _Clock

    @model_validator(mode="after")
    def _leaves_an_hour(self) -> "_Quiet":
        if self.start == self.end:
            raise ValueError("start and end are equal: that would be the whole day")
        return self


class _All(_Strict):
    caps: _Caps = []
    quiet_hours: _Quiet | None = None
    spread_seconds: int = Field(default=300, ge=0, le=MOST_SPREAD_SECONDS)


class _File(_Strict):
    purposes: dict[_Name, _Entry] = Field(min_length=1, max_length=MAX_PURPOSES)

    @model_validator(mode="after")
    def _codes_are_transactional(self) -> "_File":
        for name in ALWAYS_THERE:
            if name in self.purposes and self.purposes[name].kind != "transactional":
                raise ValueError(f"[{name}] was asked for by its reader: it has to be transactional")
        return self


def _purpose(name: str, entry: _Entry) -> Purpose:
    return Purpose(
        name=name,
        is_transactional=entry.kind == "transactional",
        is_counted=entry.counted,
        needs_double_opt_in=entry.double_opt_in,
        caps=tuple(map(_cap, entry.caps)),
        when_unknown=entry.when_unknown,
        labels=MappingProxyType(dict(entry.labels)),
    )


def _cap(cap: _Cap) -> CapRule:
    return CapRule(max_messages=cap.max_messages, per=cap.per, days=cap.days, kind=cap.kind)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
