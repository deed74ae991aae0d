"""Says in sentences why somebody is one customer. No identifier's value is in them."""

from collections.abc import Mapping
from datetime import datetime

from services.profile.claims import Claim
from services.profile.model import HeldIdentifier, IdentifierKind, Merge, MergeRule, Profile

_NAMES = {
    IdentifierKind.COOKIE: "a cookie",
    IdentifierKind.DEVICE: "a device",
    IdentifierKind.SOCIAL: "a social account",
    IdentifierKind.PHONE: "a phone number",
    IdentifierKind.EMAIL: "an e-mail address",
    IdentifierKind.LOYALTY_CARD: "a loyalty card",
}
_RULES = {
    MergeRule.UNSTATED: "by the rules of that time",
    MergeRule.GUEST_RECOGNISED: "since a guest proved to be this customer",
    MergeRule.GUESTS_JOINED: "since two guests had something in common and the older one remains",
    MergeRule.CREATED_TWICE: "since two channels had begun to make this customer at the same moment",
    MergeRule.STAFF_DECIDED: "since a member of staff decided it",
    MergeRule.HANDED_OVER: "since a guest handed over their visit and this customer went on with it",
}


def leads_here(held: HeldIdentifier, claim: Claim | None) -> bool:
    """Say whether an identifier leads to the customer who has it."""
    return held.identifier.identifies and (claim is None or claim.uses.shared_time is None)


def sentence_of_identifier(held: HeldIdentifier, claim: Claim | None, *, own_id: str) -> str:
    """Say how an identifier came to the customer."""
    name = _NAMES.get(held.identifier.kind, "an identifier")
    first_id = claim.first_id if claim else own_id
    if not held.identifier.identifies:
        return f"{_first_large(name)} was named on {held.channel.id}; nobody has proven it, so it leads to nobody."
    if not leads_here(held, claim):
        return f"{_first_large(name)} was in use on {held.channel.id}; so many use it that it leads to nobody any more."
    proof = "was shown to be theirs" if held.identifier.makes_known else "was in use"
    came = f"; it came with {first_id}, who was merged into this customer" if first_id != own_id else ""
    return f"{_first_large(name)} {proof} on {held.channel.id}{came}."


def sentence_of_merge(merge: Merge) -> str:
    """Say why another customer became part of this one."""
    by = f" by {merge.actor_id}" if merge.actor_id else ""
    kinds = [_NAMES.get(kind, "an identifier") for kind in dict.fromkeys(one.kind for one in merge.evidence)]
    together = f" {_first_large(' and '.join(kinds))} came in one call." if kinds else ""
    reason = f" Stated reason: {merge.reason}" if merge.reason else ""
    return (
        f"{merge.source_customer_id} became part of this customer{by} on {merge.channel.id}, {_RULES[merge.rule]}."
        f"{together}{reason}"
    )


def sentence_of_undoing(merge: Merge) -> str:
    """Say who took a merge back."""
    if merge.undoing is None:
        raise ValueError("a merge that holds")
    left = ", ".join(merge.undoing.pending_areas)
    pending = f" Still to be done in: {left}." if left else ""
    return (
        f"The merge of {merge.source_customer_id} was undone by {merge.undoing.actor_id}."
        f" Stated reason: {merge.undoing.reason}{pending}"
    )


def sentences(profile: Profile, claims: Mapping[str, Claim]) -> list[str]:
    """Tell the whole in order of time."""
    told: list[tuple[datetime, str]] = []
    if profile.create_time is not None:
        told.append((profile.create_time, "The customer was first seen."))
    for held in profile.identifiers:
        claim = claims.get(held.identifier.key)
        told.append((held.link_time, sentence_of_identifier(held, claim, own_id=profile.customer_id)))
    for merge in profile.merges:
        told.append((merge.merge_time, sentence_of_merge(merge)))
        if merge.undoing is not None:
            told.append((merge.undoing.unmerge_time, sentence_of_undoing(merge)))
    return [f"{time:%Y-%m-%d %H:%M} UTC: {sentence}" for time, sentence in sorted(told, key=lambda one: one[0])]


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]
