"""By which rules identifiers are compared, counted, blocked and shared, and which word survives a merge.

Values only; `rules_file` reads them from the company's own file, and what is not said there is as it is here.
"""

import enum
import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType

from services.profile.model import Identifier, IdentifierKind

EVERYWHERE = "*"
SEPARATORS = str.maketrans("", "", " -_.:+()/")
"""What is left out where it is asked whether a value is one character again and again."""


class Survivorship(enum.StrEnum):
    """Which of two values of a trait stays when two customers become one."""

    NEWEST = "newest"
    OLDEST = "oldest"
    KNOWN_WINS = "known_wins"
    """That of the customer who remains: of a guest and a known customer, the known one."""
    LARGEST = "largest"
    SMALLEST = "smallest"


@dataclass(frozen=True, slots=True)
class Sharing:
    """When a machine is used by so many that it says nothing any more about who uses it."""

    most_customers: int
    """So many known customers may use it; with one more it identifies nobody any more, for good."""
    within: timedelta
    """Who used it longer ago does not count, but for the customer to whom it leads."""


@dataclass(frozen=True)
class Blocked:
    """Values that are no identifiers. Compared without regard to case."""

    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    """`*` stands for any characters, `?` for one."""
    repeated: frozenset[str] = frozenset()
    """Characters: a value with nothing else in it but spaces and punctuation is blocked."""

    def blocks(self, value: str) -> bool:
        """Say whether this is such a value."""
        folded = value.strip().casefold()
        if folded in self._values or (self._expression and self._expression.fullmatch(folded)):
            return True
        characters = set(folded.translate(SEPARATORS))
        return len(characters) == 1 and characters <= self.repeated

    @cached_property
    def _values(self) -> frozenset[str]:
        return frozenset(value.casefold() for value in self.values)

    @cached_property
    def _expression(self) -> re.Pattern[str] | None:
        alternatives = [fnmatch.translate(one.casefold().replace("[", "[[]")) for one in self.patterns]
        return re.compile("|".join(alternatives)) if alternatives else None


NOTHING_BLOCKED = Blocked()


@dataclass(frozen=True, slots=True)
class EmailRules:
    """Which addresses are one. Case never tells two apart; how an address is written is kept, for mails to it."""

    lowercase_local_part: bool = False
    """Whether the part before the @ is kept in lower case."""
    ignore_dots_at: frozenset[str] = frozenset()
    """The domains at which dots before the @ make no difference; `*` stands for all."""
    ignore_plus_tag_at: frozenset[str] = frozenset()
    """The domains at which `+` and what follows before the @ makes no difference; `*` stands for all."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """What holds for one kind of identifier."""

    most: int
    """How many of it a customer may have, proven ones and unverified claims counted apart."""
    sharing: Sharing | None = None
    """For cookies and devices; None lets them identify however many use them."""
    blocked: Blocked = NOTHING_BLOCKED
    """Beside what is blocked for all kinds."""


@dataclass(frozen=True, slots=True)
class TraitRules:
    """Which word about a customer survives a merge."""

    survivorship: Survivorship = Survivorship.NEWEST
    survivorship_of: Mapping[str, Survivorship] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of the trait."""

    def of(self, name: str) -> Survivorship:
        """Give the rule for a trait."""
        return self.survivorship_of.get(name, self.survivorship)


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """All rules of an installation."""

    strongest_first: tuple[IdentifierKind, ...]
    """Every kind once: where identifiers disagree, the stronger proof decides who it is."""
    kinds: Mapping[IdentifierKind, KindRules]
    """Every kind."""
    email: EmailRules = EmailRules()
    phone_region: str = ""
    """The country of telephone numbers without one (`CH`); empty refuses them."""
    blocked: Blocked = NOTHING_BLOCKED
    """For every kind."""
    traits: TraitRules = TraitRules()

    def strength(self, kind: IdentifierKind) -> int:
        """Give the rank as a proof, higher for stronger."""
        return len(self.strongest_first) - self.strongest_first.index(kind)

    def most(self, kind: IdentifierKind) -> int:
        """Give how many of a kind a customer may have."""
        return self.kinds[kind].most

    def sharing(self, kind: IdentifierKind) -> Sharing | None:
        """Give when a machine of this kind identifies nobody any more; None for never."""
        return self.kinds[kind].sharing

    def blocks_value(self, kind: IdentifierKind, value: str) -> bool:
        """Say whether a value, as said or as normalised, is none that identifies anybody."""
        parts = (value, value.rpartition(":")[2]) if kind is IdentifierKind.SOCIAL else (value,)
        return any(blocked.blocks(part) for blocked in (self.blocked, self.kinds[kind].blocked) for part in parts)

    def blocks(self, identifier: Identifier) -> bool:
        """Say whether an identifier is none that identifies anybody."""
        return self.blocks_value(identifier.kind, identifier.value)


NO_VALUES = Blocked(
    values=frozenset(
        (
            *(
                "null",
                "(null)",
                "nil",
                "none",
                "undefined",
                "nan",
                "n/a",
                "na",
                "-",
                "--",
                "-1",
                "unknown",
                "anonymous",
            ),
            *(
                "anonymous",
                "anon",
                "guest",
                "test",
                "dummy",
                "default",
                "void",
                "not set",
                "(not set)",
                "[object object]",
            ),
        )
    ),
    repeated=frozenset("0"),
)
"""What programs and people write where they have no value."""

NO_ADDRESSES = Blocked(
    patterns=("null@*", "none@*", "unknown@*", "anonymous@*", "noreply@*", "no-reply@*", "test@test.*")
)
A_FAMILY = Sharing(most_customers=5, within=timedelta(days=30))

DEFAULT_RULES = IdentityRules(
    strongest_first=(
        IdentifierKind.LOYALTY_CARD,
        IdentifierKind.EMAIL,
        IdentifierKind.PHONE,
        IdentifierKind.SOCIAL,
        IdentifierKind.DEVICE,
        IdentifierKind.COOKIE,
    ),
    kinds=MappingProxyType(
        {
            IdentifierKind.LOYALTY_CARD: KindRules(most=1),
            IdentifierKind.EMAIL: KindRules(most=5, blocked=NO_ADDRESSES),
            IdentifierKind.PHONE: KindRules(most=5),
            IdentifierKind.SOCIAL: KindRules(most=5),
            IdentifierKind.DEVICE: KindRules(most=30, sharing=A_FAMILY),
            IdentifierKind.COOKIE: KindRules(most=30, sharing=A_FAMILY),
        }
    ),
    blocked=NO_VALUES,
)
"""`deploy/identifiers.toml` says the same."""
