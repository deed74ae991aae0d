"""Writing templates and brands, over the wire: drafts, versions, how a message will look, and in whose voice."""

from collections.abc import Awaitable
from typing import Any

import pytest
from grpc import StatusCode

from libs.ids import new_id
from omnithread import Omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_SMS
from omnithread.messaging.v1 import brand_service_pb2 as brand_pb
from omnithread.messaging.v1 import template_service_pb2 as pb
from omnithread.messaging.v1.brand_pb2 import Brand, BrandColours, BrandTexts, ToneSnippet
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm
from omnithread.messaging.v1.messaging_service_pb2 import GetTemplateRequest, PutTemplateRequest, Variable
from tests.services.calls import refusal, stamped
from tests.services.messaging.office import EMAIL, IN_APP, Office, form
from tests.services.messaging.post_office import html_of, text_of
from tests.services.running import Services


@pytest.fixture
def writers(services: Services, office: Office) -> Omnithread:
    """Those who write templates."""
    return services.connect("call-centre", at=office.running, actor="ben")


def new_template(text: str = "One", *, template_id: str = "", forms: tuple[TemplateForm, ...] = ()) -> Template:
    return Template(
        template_id=template_id or new_id("tpl").lower(),
        forms=forms or [form(IN_APP, text)],
        default_language="en",
    )


def brand(brand_id: str, **fields: Any) -> Brand:
    given: dict[str, Any] = {"name": "The house", "texts": [BrandTexts(language="en")], "default_language": "en"}
    return Brand(brand_id=brand_id, **(given | fields))


async def put(writers: Omnithread, template: Template) -> Template:
    return (await writers.messaging.PutTemplate(PutTemplateRequest(template=template))).template


async def test_a_draft_may_have_faults_counts_nothing_and_is_published_once_it_has_none(writers: Omnithread) -> None:
    template = new_template("{{ nobody }}")
    name = template.template_id
    saved = await writers.templates.SaveTemplateDraft(pb.SaveTemplateDraftRequest(template=template))
    assert [fault.place for fault in saved.faults] == ["template.forms[0].body_text"]
    refused = await refusal(writers.templates.PublishTemplate(pb.PublishTemplateRequest(template_id=name)))
    assert refused.reason == "TEMPLATE_INVALID"
    refused = await refusal(writers.messaging.GetTemplate(GetTemplateRequest(template_id=name)))
    assert refused.reason == "TEMPLATE_NOT_FOUND"

    template.forms[0].body_text = "Hello"
    stale = pb.SaveTemplateDraftRequest(template=template, etag="0" * 32)
    assert (await refusal(writers.templates.SaveTemplateDraft(stale))).reason == "ETAG_MISMATCH"
    again = pb.SaveTemplateDraftRequest(template=template, etag=saved.draft.etag)
    draft = (await writers.templates.SaveTemplateDraft(again)).draft
    publishing = stamped(pb.PublishTemplateRequest(template_id=name, etag=draft.etag))
    first = await writers.templates.PublishTemplate(publishing)
    retried = await writers.templates.PublishTemplate(publishing)
    assert (first.template.version, first.replayed, retried.template, retried.replayed) == (
        1,
        False,
        first.template,
        True,
    )
    refused = await refusal(writers.templates.GetTemplateDraft(pb.GetTemplateDraftRequest(template_id=name)))
    assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "TEMPLATE_DRAFT_NOT_FOUND")


async def test_a_retry_of_publishing_leaves_alone_what_was_written_since(writers: Omnithread) -> None:
    template = new_template("One")
    await writers.templates.SaveTemplateDraft(pb.SaveTemplateDraftRequest(template=template))
    publishing = stamped(pb.PublishTemplateRequest(template_id=template.template_id))
    await writers.templates.PublishTemplate(publishing)
    template.forms[0].body_text = "Two"
    await writers.templates.SaveTemplateDraft(pb.SaveTemplateDraftRequest(template=template))
    assert (await writers.templates.PublishTemplate(publishing)).template.forms[0].body_text == "One"
    draft = await writers.templates.GetTemplateDraft(pb.GetTemplateDraftRequest(template_id=template.template_id))
    assert draft.draft.forms[0].body_text == "Two"


async def test_every_version_can_be_read_again(writers: Omnithread) -> None:
    template = new_template("1")
    name = template.template_id
    for number in range(1, 6):
        template.forms[0].body_text = str(number)
        assert (await put(writers, template)).version == number
    for number in range(1, 6):
        asked = pb.GetTemplateVersionRequest(template_id=name, version=number)
        shown = (await writers.templates.GetTemplateVersion(asked)).template
        assert (shown.version, shown.forms[0].body_text) == (number, str(number))
    listed: list[int] = []
    token = ""
    while True:
        page = await writers.templates.ListTemplateVersions(
            pb.ListTemplateVersionsRequest(template_id=name, page_size=2, page_token=token)
        )
        listed += [version.version for version in page.versions]
        token = page.next_page_token
        if not token:
            break
    assert listed == [5, 4, 3, 2, 1]


async def test_a_preview_tells_faults_sizes_and_looks_without_keeping_anything(writers: Omnithread) -> None:
    forms = (
        form(EMAIL, "{{ voice.greeting }} {{ code }}"),
        form(DELIVERY_KIND_SMS, "€ {{ code }}", subject=""),
        form(IN_APP, "{{ nobody }}"),
    )
    template = new_template(forms=forms)
    template.variable_names.append("code")
    shown = await writers.templates.PreviewTemplate(
        pb.PreviewTemplateRequest(template=template, variables=[Variable(name="code", value="<7>")])
    )
    as_mail, as_sms = shown.previews
    assert as_mail.body_text.startswith("Hello Jane, <7>\n")
    assert "Hello Jane, &lt;7&gt;" in as_mail.body_html
    assert "Unsubscribe" in as_mail.body_html
    assert (as_sms.body_text, as_sms.sms_size.unit_count, as_sms.sms_size.segment_count) == ("€ <7>", 6, 1)
    assert pb.SmsEncoding.Name(as_sms.sms_size.encoding) == "SMS_ENCODING_GSM7"
    assert [fault.place for fault in shown.faults] == ["template.forms[2].body_text"]
    refused = await refusal(writers.messaging.GetTemplate(GetTemplateRequest(template_id=template.template_id)))
    assert refused.reason == "TEMPLATE_NOT_FOUND"


async def test_a_preview_for_a_customer_is_made_of_what_is_true_of_them(writers: Omnithread, office: Office) -> None:
    anna = await office.person()
    await office.fill_cart(anna.customer_id)
    asked = pb.PreviewTemplateRequest(template_id="cart_reminder", customer_id=anna.customer_id, delivery_kind=EMAIL)
    shown = await writers.templates.PreviewTemplate(asked)
    assert len(shown.previews) == 2
    assert all("Red <shoe>" in preview.body_text for preview in shown.previews)
    assert all("Red &lt;shoe&gt;" in preview.body_html for preview in shown.previews)
    assert all("https://shop.example/cart#…" in preview.body_html for preview in shown.previews)
    asked.language, asked.template_id = "de-AT", "order_confirmation"
    without = await writers.templates.PreviewTemplate(asked)
    assert [fault.description for fault in without.faults] == ["the customer has no order to tell of"]


async def test_a_brand_changes_the_next_mail_of_every_template(writers: Omnithread, office: Office) -> None:
    anna = await office.person()
    await office.put("in_our_voice", form(EMAIL, "{{ voice.greeting }}\n\nThis is news."))

    async def next_mail() -> Any:
        message_id = await office.send(anna.customer_id, "in_our_voice", delivery_kind=EMAIL)
        await office.ended(anna.customer_id, message_id)
        return office.post.mails(anna.address)[-1]

    assert text_of(await next_mail()).startswith("Hello Anna,\n\nThis is news.")
    texts = BrandTexts(
        language="en",
        signature="Yours, the house",
        snippets=[ToneSnippet(name="greeting", text="Dearest {{ customer.given_name }}")],
    )
    colours = BrandColours(primary="#123456", on_primary="#ffffff", background="#ffffff", text="#000000")
    before = (await writers.brands.GetBrand(brand_pb.GetBrandRequest())).brand
    assert (before.brand_id, before.version) == ("main", 0)
    put_brand = await writers.brands.PutBrand(
        brand_pb.PutBrandRequest(brand=brand("main", texts=[texts], colours=colours))
    )
    mail = await next_mail()
    assert text_of(mail).startswith("Dearest Anna\n\nThis is news.\n\nYours, the house")
    assert "Dearest Anna" in html_of(mail)
    assert "#123456" in html_of(mail)
    listed = await writers.brands.ListBrands(brand_pb.ListBrandsRequest())
    assert put_brand.brand in listed.brands
    quiet = brand("main", name="Shop")  # for all other stories
    assert (await writers.brands.PutBrand(brand_pb.PutBrandRequest(brand=quiet))).brand.version == 2


async def test_what_is_not_there_or_cannot_be_read_is_refused(writers: Omnithread) -> None:
    name = (await put(writers, new_template())).template_id
    grey = BrandColours(primary="#888888", on_primary="#999999", background="#ffffff", text="#000000")
    calls: dict[str, Awaitable[object]] = {
        "TEMPLATE_VERSION_NOT_FOUND": writers.templates.GetTemplateVersion(
            pb.GetTemplateVersionRequest(template_id=name, version=7)
        ),
        "TEMPLATE_DRAFT_NOT_FOUND": writers.templates.PublishTemplate(pb.PublishTemplateRequest(template_id=name)),
        "TEMPLATE_NOT_FOUND": writers.templates.ListTemplateVersions(
            pb.ListTemplateVersionsRequest(template_id="nothing")
        ),
        "BRAND_NOT_FOUND": writers.brands.GetBrand(brand_pb.GetBrandRequest(brand_id="nobody")),
        "BRAND_INVALID": writers.brands.PutBrand(brand_pb.PutBrandRequest(brand=brand("grey", colours=grey))),
        "CUSTOMER_NOT_FOUND": writers.templates.PreviewTemplate(
            pb.PreviewTemplateRequest(template_id=name, customer_id="cus_nobody")
        ),
        "VARIABLE_UNKNOWN": writers.templates.PreviewTemplate(
            pb.PreviewTemplateRequest(template_id=name, variables=[Variable(name="x", value="y")])
        ),
        "INVALID_FIELD": writers.templates.PreviewTemplate(pb.PreviewTemplateRequest()),
        "PAGE_TOKEN_INVALID": writers.brands.ListBrands(brand_pb.ListBrandsRequest(page_token="damaged")),
    }
    assert {reason: (await refusal(call)).reason for reason, call in calls.items()} == {name: name for name in calls}
