"""The texts of one form, compiled, and what becomes of them: a mail, an SMS, a push, a card.

Pure; blocks for as long as they take, tenths of a second at worst.
"""

from collections.abc import Mapping
from dataclasses import replace

from services.messaging.texts import html_check
from services.messaging.texts.addresses import app_address, web_address
from services.messaging.texts.languages import one_line
from services.messaging.texts.layout import framed, html_of_text, is_whole, text_with_foot
from services.messaging.texts.liquid_texts import Names, Text, TextFault, html_text, plain_text
from services.messaging.texts.sms import MAX_SEGMENTS, simpler, size_of
from services.messaging.texts.templates import MAX_BODY_BYTES, MAX_SUBJECT_CHARACTERS, Form, Rendered
from services.messaging.texts.voice import Look
from services.messaging.values import DeliveryKind

PLAIN_FIELDS = ("subject", "preheader", "body_text", "image_uri", "link_uri", "button_label", "audience_name")
TEXT_FIELDS = (*PLAIN_FIELDS, "body_html")
"""The fields that are Liquid."""
MAX_LABEL_CHARACTERS = 100
APP_KINDS = frozenset({DeliveryKind.PUSH, DeliveryKind.IN_APP, DeliveryKind.WEBHOOK})
PLAIN_LOOK = Look()


def compile_field(form: Form, field: str, names: Names) -> Text:
    """Compile one text of a form. Raises TextFault."""
    compiled = html_text if field == "body_html" else plain_text
    return compiled(getattr(form, field), names)


class FormTexts:
    """The compiled texts of one form. Raises TextFault where one of them does not compile."""

    def __init__(self, form: Form, names: Names) -> None:
        self._form = form
        self._texts = {field: compile_field(form, field, names) for field in TEXT_FIELDS if getattr(form, field)}
        self.roots = frozenset[str]().union(*(text.roots for text in self._texts.values()))
        """The names at the beginning of what the texts use: which data they need."""
        self.paths = frozenset[tuple[str, ...]]().union(*(text.paths for text in self._texts.values()))
        """The same, two levels of them."""

    def render(self, data: Mapping[str, object], look: Look = PLAIN_LOOK, *, html: bool = True) -> Rendered:
        """Put the data in; what has to be one line becomes one. Without `html` that part is left out.

        Raises TextFault, also for what is too long, or has an address in its HTML that is none of the web.
        """
        form = self._form
        body_text = self._rendered("body_text", data)
        if form.kind is DeliveryKind.SMS:
            body_text = _sms(body_text)
        link = self._rendered("link_uri", data).strip()
        rendered = Rendered(
            subject=one_line(self._rendered("subject", data), MAX_SUBJECT_CHARACTERS),
            body_text=body_text,
            body_html="",
            preheader=one_line(self._rendered("preheader", data), MAX_SUBJECT_CHARACTERS),
            image_uri=web_address(self._rendered("image_uri", data).strip()) or "",
            link_uri=(app_address(link) if form.kind in APP_KINDS else web_address(link)) or "",
            button_label=one_line(self._rendered("button_label", data), MAX_LABEL_CHARACTERS),
            audience_name=one_line(self._rendered("audience_name", data), MAX_LABEL_CHARACTERS),
        )
        return _checked(self._as_mail(rendered, data, look, html=html) if form.kind is DeliveryKind.EMAIL else rendered)

    def _as_mail(self, rendered: Rendered, data: Mapping[str, object], look: Look, *, html: bool) -> Rendered:
        button = (rendered.button_label, rendered.link_uri)
        body_text = text_with_foot(rendered.body_text, look, button=button)
        if not html:
            return replace(rendered, body_text=body_text)
        content = self._rendered("body_html", data) or html_of_text(rendered.body_text)
        if fault := html_check.fault_in(content):
            raise TextFault(fault)
        if is_whole(content):
            return replace(rendered, body_text=body_text, body_html=content)
        whole = framed(
            content,
            look,
            title=rendered.subject,
            preheader=rendered.preheader,
            image_uri=rendered.image_uri,
            button=button,
        )
        return replace(rendered, body_text=body_text, body_html=whole)

    def _rendered(self, field: str, data: Mapping[str, object]) -> str:
        text = self._texts.get(field)
        return text.render(data) if text else ""


def _checked(rendered: Rendered) -> Rendered:
    if len(rendered.body_text.encode()) > MAX_BODY_BYTES:
        raise TextFault(f"the text is longer than {MAX_BODY_BYTES} bytes")
    return rendered


def _sms(text: str) -> str:
    short = simpler(text).strip()
    if size_of(short).segment_count > MAX_SEGMENTS:
        raise TextFault(f"it is longer than {MAX_SEGMENTS} SMS")
    return short
