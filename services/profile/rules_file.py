"""Reads the company's rules about identifiers from a TOML file; what is not said there is as in `DEFAULT_RULES`.

    strongest_first = ["loyalty_card", "email", "phone", "social", "device", "cookie"]

    [email]
    most = 5

`deploy/identifiers.toml` has every setting with what it means.
"""

import re
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Self

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.profile.model import IdentifierKind
from services.profile.room import MOST_IDENTIFIERS
from services.profile.rules import (
    DEFAULT_RULES,
    Blocked,
    EmailRules,
    IdentityRules,
    KindRules,
    Sharing,
    Survivorship,
    TraitRules,
)

MOST_BLOCKED = 1000
MOST_TRAIT_RULES = 1000
TRAIT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

Values = Field(default=None, max_length=MOST_BLOCKED)


class RulesInvalid(ValueError):
    """The file cannot be read or makes no sense; the message says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Blocked(_Part):
    values: frozenset[str] | None = Values
    patterns: tuple[str, ...] | None = Values
    repeated: frozenset[str] | None = Values

    @field_validator("repeated")
    @classmethod
    def _are_characters(cls, repeated: frozenset[str] | None) -> frozenset[str] | None:
        if any(len(one) != 1 for one in repeated or ()):
            raise ValueError("takes single characters")
        return repeated

    @field_validator("patterns")
    @classmethod
    def _leave_something(cls, patterns: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(not one.strip("*?@+. ") for one in patterns or ()):
            raise ValueError("a pattern that says nothing but * and ? would block everybody")
        return patterns

    def over(self, before: Blocked) -> Blocked:
        """Give what holds, where the file leaves out what stays as it was."""
        return Blocked(
            values=before.values if self.values is None else self.values,
            patterns=before.patterns if self.patterns is None else self.patterns,
            repeated=before.repeated if self.repeated is None else self.repeated,
        )


class _Kind(_Part):
    most: int | None = Field(default=None, ge=1, le=50)
    blocked: _Blocked = _Blocked()


class _Email(_Kind):
    lowercase_local_part: bool = False
    ignore_dots_at: frozenset[str] = frozenset()
    ignore_plus_tag_at: frozenset[str] = frozenset()


class _Phone(_Kind):
    default_region: str = ""

    @field_validator("default_region")
    @classmethod
    def _region_exists(cls, region: str) -> str:
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("is no region of two capital letters, for example CH")
        return region


class _Machine(_Kind):
    may_be_shared: bool = False
    shared_most_customers: int | None = Field(default=None, ge=1, le=20)
    shared_within_days: float | None = Field(default=None, gt=0, le=3660)

    @model_validator(mode="after")
    def _shared_by_how_many(self) -> Self:
        if self.may_be_shared and not (self.shared_most_customers is None and self.shared_within_days is None):
            raise ValueError("may_be_shared = true lets it identify however many use it: leave the other two out")
        return self

    def sharing(self, before: Sharing | None) -> Sharing | None:
        """Give when it identifies nobody any more; None for never."""
        if self.may_be_shared or before is None:
            return None
        return Sharing(
            most_customers=self.shared_most_customers or before.most_customers,
            within=before.within if self.shared_within_days is None else timedelta(days=self.shared_within_days),
        )


class _Traits(_Part):
    survivorship: Survivorship = Survivorship.NEWEST
    survivorship_of: dict[str, Survivorship] = Field(default={}, max_length=MOST_TRAIT_RULES)

    @field_validator("survivorship_of")
    @classmethod
    def _names(cls, rules: dict[str, Survivorship]) -> dict[str, Survivorship]:
        for name in rules:
            if not TRAIT_NAME.fullmatch(name):
                raise ValueError(f"{name} is no name of a trait")
        return rules


class _File(_Part):
    strongest_first: tuple[IdentifierKind, ...] = DEFAULT_RULES.strongest_first
    loyalty_card: _Kind = _Kind()
    email: _Email = _Email()
    phone: _Phone = _Phone()
    social: _Kind = _Kind()
    device: _Machine = _Machine()
    cookie: _Machine = _Machine()
    blocked: _Blocked = _Blocked()
    traits: _Traits = _Traits()

    @field_validator("strongest_first")
    @classmethod
    def _every_kind_once(cls, kinds: tuple[IdentifierKind, ...]) -> tuple[IdentifierKind, ...]:
        if sorted(kinds) != sorted(IdentifierKind):
            raise ValueError(f"names every kind once: {', '.join(sorted(IdentifierKind))}")
        machines = [kind.by_possession for kind in kinds]
        if machines != sorted(machines):
            raise ValueError("a cookie or device is weaker than every proof of who somebody is")
        return kinds

    def rules(self) -> IdentityRules:
        """Give what the file says over the defaults. ValueError where it is too much."""
        kinds: dict[IdentifierKind, KindRules] = {}
        for kind, before in DEFAULT_RULES.kinds.items():
            said: _Kind = getattr(self, kind)
            kinds[kind] = KindRules(
                most=said.most or before.most,
                sharing=said.sharing(before.sharing) if isinstance(said, _Machine) else None,
                blocked=said.blocked.over(before.blocked),
            )
        together = sum(one.most if kind.by_possession else 2 * one.most for kind, one in kinds.items())
        if together > MOST_IDENTIFIERS:
            raise ValueError(
                f"most: a customer could have {together} identifiers (proofs and claims count apart), "
                f"and a profile has at most {MOST_IDENTIFIERS}"
            )
        return replace(
            DEFAULT_RULES,
            strongest_first=self.strongest_first,
            kinds=MappingProxyType(kinds),
            email=EmailRules(
                lowercase_local_part=self.email.lowercase_local_part,
                ignore_dots_at=_domains(self.email.ignore_dots_at),
                ignore_plus_tag_at=_domains(self.email.ignore_plus_tag_at),
            ),
            phone_region=self.phone.default_region,
            blocked=self.blocked.over(DEFAULT_RULES.blocked),
            traits=TraitRules(
                survivorship=self.traits.survivorship,
                survivorship_of=MappingProxyType(dict(self.traits.survivorship_of)),
            ),
        )


def load_rules(path: Path | None) -> IdentityRules:
    """Read the file; the built-in rules where none is given. Raises RulesInvalid, naming what is wrong."""
    if path is None:
        return DEFAULT_RULES
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).rules()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RulesInvalid(f"{path}: {faults}") from error
    except (OSError, ValueError) as error:
        raise RulesInvalid(f"{path}: {error}") from error


def _domains(said: frozenset[str]) -> frozenset[str]:
    return frozenset(domain.strip().lower() for domain in said)
