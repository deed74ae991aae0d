"""Decides what a template may be, and makes texts of it: pure and synchronous.

A template is a document of its own, beside the customers' records; each PutTemplate makes its next version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.errors import FieldFault
from services.messaging.texts.languages import fallbacks, is_tag
from services.messaging.texts.liquid_texts import Names, TextFault, html_text, plain_text
from services.messaging.texts.text_data import NAMES, Data, invented, names_with
from services.messaging.values import Card, DeliveryKind, TemplateId

MAX_SUBJECT_CHARACTERS = 200
MAX_BODY_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class Form:
    """How a template reads on one way in one language; the texts are Liquid."""

    kind: DeliveryKind
    language: str
    subject: str
    body_text: str
    body_html: str
    preheader: str = ""
    image_uri: str = ""
    link_uri: str = ""
    button_label: str = ""
    audience_name: str = ""
    """As it is: no Liquid."""


@dataclass(frozen=True, slots=True)
class Template:
    """One message in its forms."""

    template_id: TemplateId
    forms: tuple[Form, ...] = ()
    variable_names: tuple[str, ...] = ()
    default_language: str = ""
    put_time: datetime | None = None
    """When this version was put; None where there never was one."""

    def form_for(self, kind: DeliveryKind, language: str) -> Form | None:
        """Give the form for a way: in the language, in the one that it belongs to, in the default one; else None."""
        forms = {form.language.lower(): form for form in self.forms if form.kind is kind}
        for tag in (*fallbacks(language), *fallbacks(self.default_language)):
            if tag in forms:
                return forms[tag]
        return None

    def kinds_in(self, language: str) -> frozenset[DeliveryKind]:
        """Give the ways by which somebody with this language can be told."""
        return frozenset(kind for kind in DeliveryKind if self.form_for(kind, language))


@dataclass(frozen=True, slots=True)
class Rendered:
    """What goes out."""

    subject: str
    """One line."""
    body_text: str
    body_html: str
    """A whole document; empty where the way is not e-mail."""
    preheader: str = ""
    image_uri: str = ""
    """A web address, or empty."""
    link_uri: str = ""
    """A web address or deep link, or empty."""
    button_label: str = ""
    audience_name: str = ""
    """Of an ad audience: all that there is."""

    @property
    def card(self) -> Card | None:
        """What is shown beside the text."""
        card = Card(self.image_uri, self.link_uri, self.button_label)
        return card if card != Card() else None


class FormTexts:
    """The compiled texts of one form. Raises TextFault where one of them does not compile."""

    def __init__(self, form: Form, names: Names) -> None:
        self._subject = plain_text(form.subject, names)
        self._body_text = plain_text(form.body_text, names)
        self._body_html = html_text(form.body_html, names) if form.body_html else None

    @property
    def roots(self) -> frozenset[str]:
        """The names at the beginning of what the texts use: which data they need."""
        html_roots = self._body_html.roots if self._body_html else frozenset()
        return self._subject.roots | self._body_text.roots | html_roots

    def render(self, data: Mapping[str, object]) -> Rendered:
        """Put the data in; the subject becomes one line of at most 200 characters. Raises TextFault."""
        body_text = self._body_text.render(data)
        if len(body_text.encode()) > MAX_BODY_BYTES:
            raise TextFault(f"the text is longer than {MAX_BODY_BYTES} bytes")
        return Rendered(
            subject=" ".join(self._subject.render(data).split())[:MAX_SUBJECT_CHARACTERS],
            body_text=body_text,
            body_html=self._body_html.render(data) if self._body_html else "",
        )


def faults_of(template: Template) -> tuple[FieldFault, ...]:
    """Give what is wrong with a template, by its place in the request. Blocks for as long as its texts take."""
    return tuple(_faults(template))


def _faults(template: Template) -> Iterator[FieldFault]:
    names = names_with(template.variable_names)
    data = invented(template.variable_names)
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
        yield from _text_faults(form, place, names, data)
    if template.default_language.lower() not in {language for _, language in seen}:
        yield FieldFault("template.default_language", "no form has this language")


def _text_faults(form: Form, place: str, names: Names, data: Data) -> Iterator[FieldFault]:
    if form.kind is DeliveryKind.EMAIL and not form.subject.strip():
        yield FieldFault(f"{place}.subject", "an e-mail needs one")
    compilers = (("subject", plain_text), ("body_text", plain_text), ("body_html", html_text))
    if form.kind is not DeliveryKind.AD_AUDIENCE and not form.body_text.strip():
        yield FieldFault(f"{place}.body_text", "this way needs one")
    for field, compiled in compilers:
        try:
            compiled(getattr(form, field), names).rehearse(data)
        except TextFault as fault:
            yield FieldFault(f"{place}.{field}", str(fault))
