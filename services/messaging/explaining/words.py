"""Says in English what gates found and what was decided. Pure; nothing here is personal, as in what it is made from."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from services.messaging.deciding.judgement import Finding, Judgement

Facts: TypeAlias = Mapping[str, str]
WAYS: Mapping[str, str] = {
    "EMAIL": "e-mail",
    "SMS": "SMS",
    "PUSH": "push",
    "IN_APP": "the inbox in the app",
    "WEBHOOK": "webhook",
    "AD_AUDIENCE": "ad audience",
    "STORE_DISPLAY": "store display",
}
STANDINGS: Mapping[str, str] = {
    "granted": "yes",
    "pending": "a yes that was never confirmed",
    "revoked": "no",
    "none": "nothing said",
}
HURDLES: Mapping[str, str] = {
    "open": "open",
    "NO_FORM": "the template has no form for it",
    "NO_PROVIDER": "no provider is set up",
    "NO_CONSENT": "no consent",
    "NO_CONTACT_POINT": "no verified address",
    "SUPPRESSED": "the address is closed",
    "CAP_REACHED": "its cap is reached",
}
CARTS: Mapping[str, str] = {
    "as it was": "the cart is as it was",
    "ordered": "the cart was bought",
    "none": "there is no cart any more",
    "another": "the customer has another cart by now",
    "empty": "the cart is empty",
    "changed since": "the cart was changed since",
}
ZONES_OF: Mapping[str, str] = {
    "customer": "as the customer said",
    "address": "by the country of their address",
    "phone": "by the country of their phone",
    "channel": "as of the channel where it was caused",
    "brand": "as of most places of the brand",
    "default": "the company's default",
}
SENTENCES: Mapping[tuple[str, str], str] = {
    ("relevant", ""): "Still relevant: {cart}.",
    ("relevant", "ORDER_PLACED"): "Pointless: {cart}.",
    ("relevant", "NOT_RELEVANT"): "Pointless: {cart}.",
    ("not_bought", ""): "The article was not bought lately.",
    ("not_bought", "ORDER_PLACED"): "Pointless: the article was bought.",
    ("consent", ""): "Consent for {purpose}: {ways}.",
    ("consent", "NO_CONSENT"): "No consent for {purpose} by any way: {ways}.",
    ("suppression", ""): "No address is closed for it.",
    ("suppression", "SUPPRESSED"): "Every address that could be used is closed: {rest}.",
    ("pauses", ""): "The customer has no pause in force for it.",
    ("pauses", "PAUSED"): "The customer paused {of} until {until}.",
    ("caps", ""): "No cap is reached ({rest}).",
    ("caps", "CAP_REACHED"): "A cap is reached: {rest}.",
    ("way", ""): "Ways looked at: {ways}.",
    ("quiet_hours", ""): "It is {local_time} for the customer ({zone}), outside of the quiet hours {quiet}.",
    ("quiet_hours", "QUIET_HOURS"): "It is {local_time} for the customer ({zone}), {where} the quiet hours {quiet}.",
    ("send_time", ""): "It is {local_time} for the customer, within the window {window}.",
    ("send_time", "SEND_TIME"): "It is {local_time} for the customer; it waits for its time in the window {window}.",
    ("content", ""): "The text could be made.",
    ("content", "NO_FORM"): "The template has no form for this way and language.",
    ("content", "NO_ARTICLE"): "The text tells of an article that is not sold, or of which the catalogue told nothing.",
    ("content", "NO_ORDER"): "The text tells of an order, and there is none.",
    ("content", "TEMPLATE_ERROR"): "The text could not be made: the template is at fault.",
    ("content", "TEMPLATE_NOT_FOUND"): "There is no such template.",
    ("content", "FAULT"): "The text could not be made, because of a fault that nobody foresaw; it is tried again.",
    ("content", "NOT_PREPARED"): "The text could not be made, as often as it was tried, because of a fault of ours.",
    ("provider", "PROVIDER_BUSY"): "It may go, and the provider {provider} has no room now: it keeps its place.",
    ("sources", ""): "{source} did not answer; it goes without the customer's wishes, since it needs no consent.",
    ("sources", "SOURCE_AWAY"): "{source} did not answer, so nothing was decided.",
    ("purpose", "PURPOSE_UNKNOWN"): "The purpose is not configured.",
    ("customer", "CUSTOMER_NOT_FOUND"): "There is no such customer any more.",
    ("code", "EXPIRED"): "The code that it brings works no longer.",
    ("expiry", "EXPIRED"): "It waited for too long.",
    ("campaign", "NOT_ACTIVE"): "The campaign is not active, so nobody enters it.",
    ("cart", "NO_CART"): "There is no cart with anything in it.",
    ("cart", "NOT_ABANDONED"): "The cart was left alone for {left_minutes} minutes of {of_minutes}.",
    ("cart", "ABANDONED"): "The cart was left alone for long enough, and that was announced.",
}
"""By gate and reason."""
NOT_NEEDED: Mapping[str, str] = {
    "relevant": "It is about no cart.",
    "not_bought": "It is about no article.",
    "consent": "It needs no consent: it belongs to something that the customer did or has.",
    "quiet_hours": "It waits for no quiet hours.",
    "send_time": "Any time of the day will do.",
}
"""Where a gate had nothing to look at."""
HAD_NOTHING = frozenset({("about", "no cart"), ("about", "no article"), ("needed", "no"), ("window", "none")})


def words_of_finding(finding: Finding) -> str:
    """Say what one gate found; of a gate that this version does not know, its name and reason."""
    facts = dict(finding.facts)
    if not HAD_NOTHING.isdisjoint(finding.facts) and finding.gate in NOT_NEEDED:
        return NOT_NEEDED[finding.gate]
    if facts.get("quiet") == "none":
        return "There are no quiet hours."
    if finding.gate == "way" and finding.reason:
        return f"No way is open: {_ways(facts)}."
    sentence = SENTENCES.get((finding.gate, finding.reason))
    if sentence is None:
        return f"{finding.gate}: {finding.reason or 'nothing against it'}."
    return sentence.format_map(_Told(facts)).replace(" ()", "")


def words_of_judgement(judgement: Judgement) -> str:
    """Say what was decided, and why, in one or two sentences."""
    ending = words_of_finding(judgement.findings[-1]) if judgement.findings else ""
    if judgement.verdict == "SEND":
        passed = "; ".join(filter(None, map(_passed, judgement.findings)))
        return f"Nothing was against it: {passed}." if passed else "Nothing was against it."
    if judgement.verdict == "WAIT":
        until = f" until {judgement.until:%Y-%m-%d %H:%M} UTC" if judgement.until else ", and it is tried again soon"
        return f"It waits{until} ({judgement.reason}). {ending}"
    return f"It does not go ({judgement.reason}). {ending}"


def _passed(finding: Finding) -> str:
    """Say within a sentence why a gate let a message go; nothing where it had nothing to look at."""
    say = PASSED.get(finding.gate)
    return say(dict(finding.facts)) if say is not None else ""


def _cart_of(facts: Facts) -> str:
    return CARTS.get(facts["cart"], facts["cart"]) if "cart" in facts else ""


def _counts_of(facts: Facts) -> str:
    counts = ", ".join(f"{count} so far by the cap {name}" for name, count in facts.items())
    return f"no cap is reached ({counts})" if counts else "no cap is set"


def _way_chosen(facts: Facts) -> str:
    return f"{_consent_of(facts)}it goes by {way_of(facts['chosen'])}" if "chosen" in facts else ""


def _consent_of(facts: Facts) -> str:
    if "consent_since" not in facts:
        return ""
    on = f" on {facts['consent_on']}" if "consent_on" in facts else ""
    since = facts["consent_since"].replace("T", " ").removesuffix("Z")
    return f"the customer said yes to it{on} ({since} UTC); "


def _hour_of(facts: Facts) -> str:
    if facts.get("needed") == "no":
        return "it waits for no quiet hours"
    clock = f"it is {facts.get('local_time', '?')} for the customer ({_Told(facts)['zone']})"
    if facts.get("quiet") == "none":
        return f"{clock}, without quiet hours" if "local_time" in facts else "there are no quiet hours"
    return f"{clock}, outside of the quiet hours {facts.get('quiet', '?')}"


PASSED: Mapping[str, Callable[[Facts], str]] = {
    "sources": lambda facts: f"{facts.get('source', 'a service')} did not answer, and it is not waited for any longer",
    "relevant": _cart_of,
    "not_bought": lambda facts: "" if "about" in facts else "the article was not bought lately",
    "consent": lambda facts: "it needs no consent" if facts.get("needed") == "no" else "",
    "suppression": lambda _facts: "no address that it needs is closed",
    "pauses": lambda _facts: "no pause is in force",
    "caps": _counts_of,
    "way": _way_chosen,
    "quiet_hours": _hour_of,
    "send_time": lambda facts: "" if facts.get("window", "none") == "none" else f"the window is {facts['window']}",
    "content": lambda facts: f"its text is there in {facts['language']}" if "language" in facts else "",
}
"""By gate."""


def way_of(kind: str) -> str:
    """Name a way of delivery within a sentence."""
    return WAYS.get(kind, kind)


class _Told(dict[str, str]):
    """The facts of a finding, and what follows from them for a sentence."""

    def __missing__(self, name: str) -> str:
        match name:
            case "ways":
                return _ways(self) or "no way was looked at"
            case "cart":
                return "not known"
            case "where":
                return "just before" if "soon" in self else "within"
            case "zone":
                zone_of = ZONES_OF.get(self.get("time_zone_of", ""), "")
                return f"{self.get('time_zone', '?')}, {zone_of}"
            case "rest":
                return ", ".join(f"{name}: {value}" for name, value in self.items())
        return "?"

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        return CARTS.get(value, value) if name == "cart" else value


def _ways(facts: Facts) -> str:
    told = ((way, value) for way, value in facts.items() if way in WAYS)
    return ", ".join(f"{WAYS[way]}: {STANDINGS.get(value) or HURDLES.get(value) or value}" for way, value in told)
