"""The pages of templates: all of them, one with its versions and how its messages will look, and a mail by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

import omnithread
from libs.web.refusals import bad_request
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DeliveryKind
from omnithread.messaging.v1.messaging_pb2 import Template
from omnithread.messaging.v1.template_service_pb2 import (
    GetTemplateVersionRequest,
    ListTemplateVersionsRequest,
    PreviewTemplateRequest,
    PreviewTemplateResponse,
    TemplateVersionName,
)
from services.console.console import Console
from services.console.marketing.looking import brand_names, list_templates
from services.console.pages.words import enum_words
from services.console.web.asked import asked_number, asked_page, asked_word
from services.console.web.failures import nothing_here
from services.console.web.headers import POLICY
from services.console.web.requests import signed_in

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
WAY = re.compile(r"[A-Z_]{1,20}")
PREFIX = "DELIVERY_KIND_"
WITH_A_MAIL = {"content-security-policy": f"{POLICY}; frame-src 'self'"}
"""Of the page in whose frame a mail is shown."""
OF_A_MAIL: Mapping[str, str] = {
    "content-security-policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "x-frame-options": "SAMEORIGIN",
}
"""Of a mail: no scripts, no forms, nothing from anywhere, in an origin of its own that sees no session."""
PICTURE = re.compile(r"""(<img\b[^<>]*?\ssrc\s*=\s*)("[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
GREY = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 3 2'%3E"
    "%3Crect width='3' height='2' fill='%23ddd'/%3E%3C/svg%3E"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which texts, for whom."""

    template_id: str
    version: int
    way: DeliveryKind.ValueType
    language: str
    brand_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Templates:
    """All three pages."""

    console: Console

    async def list(self, request: Request) -> Response:
        """All templates, a page at a time."""
        suite = self.console.clients.of(signed_in(request))
        templates, following = await list_templates(suite, page_token=asked_page(request))
        return self.console.rendering.page(
            request,
            "marketing/templates.html",
            templates=[(one, *_forms(one)) for one in templates],
            following=following,
            first=not request.query_params.get("page"),
        )

    async def show(self, request: Request) -> Response:
        """One template: its versions, and what would be read."""
        shown = _shown(request)
        suite = self.console.clients.of(signed_in(request))
        asked = GetTemplateVersionRequest(template_id=shown.template_id, version=shown.version)
        template = (await suite.templates.GetTemplateVersion(asked)).template
        listed = await suite.templates.ListTemplateVersions(
            ListTemplateVersionsRequest(template_id=shown.template_id, page_token=asked_page(request))
        )
        preview = await _preview(suite, shown)
        ways, languages = _forms(template)
        page = self.console.rendering.page(
            request,
            "marketing/template.html",
            template=template,
            shown=shown,
            versions=listed.versions,
            following=listed.next_page_token,
            preview=preview,
            ways={DeliveryKind.Name(form.delivery_kind).removeprefix(PREFIX): form for form in template.forms},
            way_words=ways,
            languages=languages,
            brands=await brand_names(suite),
            way=DeliveryKind.Name(shown.way).removeprefix(PREFIX) if shown.way else "",
            word_of_way=lambda kind: enum_words(DeliveryKind.DESCRIPTOR, kind),
            is_mail=lambda one: one.delivery_kind == DELIVERY_KIND_EMAIL and one.body_html,
        )
        page.headers.update(WITH_A_MAIL)
        return page

    async def mail(self, request: Request) -> Response:
        """The HTML of a mail as it goes out, for a frame."""
        shown = _shown(request)
        previews = (await _preview(self.console.clients.of(signed_in(request)), shown)).previews
        html = next((one.body_html for one in previews if one.delivery_kind == DELIVERY_KIND_EMAIL), "")
        if not html:
            raise nothing_here()
        # What comes from elsewhere is refused by the policy anyhow; so there is something in its place.
        html = PICTURE.sub(rf'\1"{GREY}"', html)
        return Response(html, media_type="text/html", headers=dict(OF_A_MAIL))


def _shown(request: Request) -> Shown:
    template_id = request.path_params["template_id"]
    way = asked_word(request, "way", WAY)
    if not NAME.fullmatch(template_id) or (way and f"{PREFIX}{way}" not in DeliveryKind.keys()):  # noqa: SIM118  no dict
        raise bad_request()
    return Shown(
        template_id=template_id,
        version=asked_number(request, "version"),
        way=DeliveryKind.Value(f"{PREFIX}{way}") if way else DeliveryKind.ValueType(0),
        language=asked_word(request, "language", LANGUAGE),
        brand_id=asked_word(request, "brand", ID),
        customer_id=asked_word(request, "customer", ID),
    )


async def _preview(suite: omnithread.Omnithread, shown: Shown) -> PreviewTemplateResponse:
    asked = PreviewTemplateRequest(
        customer_id=shown.customer_id,
        delivery_kind=shown.way,
        language=shown.language,
        brand_id=shown.brand_id,
    )
    if shown.version:
        asked.version.CopyFrom(TemplateVersionName(template_id=shown.template_id, version=shown.version))
    else:
        asked.template_id = shown.template_id
    return await suite.templates.PreviewTemplate(asked)


def _forms(template: Template) -> tuple[list[str], list[str]]:
    """Give its ways in words, and its languages, each once and in its order."""
    ways = dict.fromkeys(enum_words(DeliveryKind.DESCRIPTOR, form.delivery_kind) for form in template.forms)
    return list(ways), list(dict.fromkeys(form.language for form in template.forms))
