"""Decides what a template may be: pure and synchronous. Blocks for as long as its texts take."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from libs.errors import FieldFault
from services.messaging.texts.form_texts import TEXT_FIELDS, FormTexts, compile_field
from services.messaging.texts.languages import is_tag
from services.messaging.texts.liquid_texts import Names, TextFault
from services.messaging.texts.snippets import OUR_NAMES
from services.messaging.texts.templates import Form, Template
from services.messaging.texts.text_data import NAMES, Data, invented, names_with
from services.messaging.values import DeliveryKind

MOST_FAULTS = 100
EMAIL, SMS, PUSH, IN_APP, DISPLAY, AUDIENCE = (
    DeliveryKind.EMAIL,
    DeliveryKind.SMS,
    DeliveryKind.PUSH,
    DeliveryKind.IN_APP,
    DeliveryKind.STORE_DISPLAY,
    DeliveryKind.AD_AUDIENCE,
)
HOOK = DeliveryKind.WEBHOOK
TAKERS: Mapping[str, frozenset[DeliveryKind]] = MappingProxyType(
    {
        "preheader": frozenset({EMAIL}),
        "image_uri": frozenset({EMAIL, PUSH, IN_APP, DISPLAY, HOOK}),
        "link_uri": frozenset({EMAIL, PUSH, IN_APP, HOOK}),
        "button_label": frozenset({EMAIL, IN_APP, HOOK}),
        "audience_name": frozenset({AUDIENCE}),
    }
)
"""Which ways have what; subject, text and HTML were always taken for all."""
TITLED = {EMAIL: "an e-mail", PUSH: "a push", DISPLAY: "a store display"}


def faults_of(template: Template, snippet_names: Iterable[str] = OUR_NAMES) -> tuple[FieldFault, ...]:
    """Give what is wrong with a template, by its place in the request; at most 100 faults."""
    faults = _faults(template, frozenset(snippet_names))
    return tuple(fault for fault, _ in zip(faults, range(MOST_FAULTS), strict=False))


def _faults(template: Template, snippet_names: frozenset[str]) -> Iterator[FieldFault]:
    own = [name for name in template.variable_names if name not in NAMES]
    names, data = names_with(own, snippet_names), invented(own, snippet_names)
    for index, name in enumerate(template.variable_names):
        if name in NAMES:
            yield FieldFault(f"template.variable_names[{index}]", "this name is the suite's own")
    seen: set[tuple[DeliveryKind, str]] = set()
    for index, form in enumerate(template.forms):
        place = f"template.forms[{index}]"
        key = (form.kind, form.language.lower())
        if key in seen:
            yield FieldFault(place, "another form has this way and language")
        seen.add(key)
        if not is_tag(form.language):
            yield FieldFault(f"{place}.language", "no language tag")
        yield from form_faults(form, place, names, data)
    if template.default_language.lower() not in {language for _, language in seen}:
        yield FieldFault("template.default_language", "no form has this language")


def form_faults(form: Form, place: str, names: Names, data: Data) -> Iterator[FieldFault]:
    """Give what is wrong with one form."""
    yield from _missing(form, place)
    for field, takers in TAKERS.items():
        if getattr(form, field) and form.kind not in takers:
            yield FieldFault(f"{place}.{field}", "this way has none")
    has_faults = False
    for field in TEXT_FIELDS:
        try:
            compile_field(form, field, names).rehearse(data)
        except TextFault as fault:
            has_faults = True
            yield FieldFault(f"{place}.{field}", str(fault))
    if has_faults:
        return
    try:
        FormTexts(form, names).render(data)
    except TextFault as fault:
        field = "body_html" if form.body_html else "body_text"
        yield FieldFault(f"{place}.{field}", str(fault))


def _missing(form: Form, place: str) -> Iterator[FieldFault]:
    if form.kind is AUDIENCE:
        if not form.audience_name:
            yield FieldFault(f"{place}.audience_name", "an ad audience needs one")
        for field in ("subject", "body_html"):
            if getattr(form, field):
                yield FieldFault(f"{place}.{field}", "an ad audience has none")
        return
    if form.kind in TITLED and not form.subject.strip():
        yield FieldFault(f"{place}.subject", f"{TITLED[form.kind]} needs one")
    if not form.body_text.strip():
        yield FieldFault(f"{place}.body_text", "this way needs one")
