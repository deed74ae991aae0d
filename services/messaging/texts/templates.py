"""What a template is, and which of its forms somebody reads.

A template is a document of its own, beside the customers' records; each PutTemplate makes its next version.
"""

from dataclasses import dataclass
from datetime import datetime

from services.messaging.texts.languages import fallbacks
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
    """Empty where the frame is put around the text."""
    preheader: str = ""
    image_uri: str = ""
    link_uri: str = ""
    button_label: str = ""
    audience_name: str = ""


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
