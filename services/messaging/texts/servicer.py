"""Translates calls: one short method per RPC of `TemplateService`, between the contract's words and the operations."""

from collections.abc import Sequence

from libs.errors import FieldFault
from libs.mongo.documents import SavedDocument
from libs.rpc.call import current_call, stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import to_timestamp
from omnithread.messaging.v1 import template_service_pb2 as pb
from omnithread.messaging.v1.messaging_pb2 import Template as TemplateProto
from omnithread.messaging.v1.template_service_pb2_grpc import TemplateServiceServicer
from services.messaging.convert import kind_from_proto, kind_to_proto, template_from_proto, template_to_proto
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.drafts import Drafts
from services.messaging.texts.fields import Draft
from services.messaging.texts.preview import Asked, Previews
from services.messaging.texts.sms import size_of
from services.messaging.texts.template_faults import MOST_FAULTS
from services.messaging.texts.templates import Form, Rendered, Template
from services.messaging.values import DeliveryKind

VERSION_PAGES = PageTokens("messaging.template_versions")


class TemplateServicer(TemplateServiceServicer):
    """Answers those who write templates."""

    def __init__(self, *, book: TemplateBook, drafts: Drafts, previews: Previews) -> None:
        self._book = book
        self._drafts = drafts
        self._previews = previews

    async def SaveTemplateDraft(
        self, request: pb.SaveTemplateDraftRequest, _context: object
    ) -> pb.SaveTemplateDraftResponse:
        template = template_from_proto(request.template)
        outcome = await self._drafts.save(template, etag=request.etag, stamp=stamp_of(request))
        saved = outcome.saved.state.template or template
        faults = await self._drafts.faults(saved)
        draft = _draft_to_proto(outcome.saved, saved)
        return pb.SaveTemplateDraftResponse(draft=draft, faults=_told(faults), replayed=outcome.replayed)

    async def GetTemplateDraft(
        self, request: pb.GetTemplateDraftRequest, _context: object
    ) -> pb.GetTemplateDraftResponse:
        saved, template = await self._drafts.get(request.template_id)
        faults = await self._drafts.faults(template)
        return pb.GetTemplateDraftResponse(draft=_draft_to_proto(saved, template), faults=_told(faults))

    async def PublishTemplate(self, request: pb.PublishTemplateRequest, _context: object) -> pb.PublishTemplateResponse:
        outcome = await self._drafts.publish(request.template_id, etag=request.etag, stamp=stamp_of(request))
        return pb.PublishTemplateResponse(template=template_to_proto(outcome.saved), replayed=outcome.replayed)

    async def GetTemplateVersion(
        self, request: pb.GetTemplateVersionRequest, _context: object
    ) -> pb.GetTemplateVersionResponse:
        saved = await self._book.version(request.template_id, request.version)
        return pb.GetTemplateVersionResponse(template=template_to_proto(saved))

    async def ListTemplateVersions(
        self, request: pb.ListTemplateVersionsRequest, _context: object
    ) -> pb.ListTemplateVersionsResponse:
        position = VERSION_PAGES.decode(request.page_token, owner=request.template_id)
        limit = page_size(request.page_size)
        newest = await self._book.get(request.template_id)
        before = int(position["before"]) if position else newest.version
        found = [] if position else [newest]
        found += await self._book.versions.before(request.template_id, before, limit=limit + 1 - len(found))
        following = found[limit - 1].version if len(found) > limit else 0
        return pb.ListTemplateVersionsResponse(
            versions=[_version_to_proto(saved) for saved in found[:limit]],
            next_page_token=VERSION_PAGES.encode({"before": following}, owner=request.template_id) if following else "",
        )

    async def PreviewTemplate(self, request: pb.PreviewTemplateRequest, _context: object) -> pb.PreviewTemplateResponse:
        caller = current_call().caller
        asked = Asked(
            customer_id=request.customer_id,
            variables=tuple((variable.name, variable.value) for variable in request.variables),
            kind=kind_from_proto(request.delivery_kind),
            language=request.language,
            brand_id=request.brand_id,
            channel_id="" if caller.service else caller.channel_id,
        )
        shown = await self._previews.show(await self._template_of(request), asked)
        return pb.PreviewTemplateResponse(
            previews=[_preview_to_proto(form, rendered) for form, rendered in shown.previews],
            faults=_told(shown.faults),
        )

    async def _template_of(self, request: pb.PreviewTemplateRequest) -> Template:
        match request.WhichOneof("shown"):
            case "template":
                return template_from_proto(request.template)
            case "draft_of":
                return (await self._drafts.get(request.draft_of))[1]
            case "version":
                named = request.version
                return (await self._book.version(named.template_id, named.version)).state
            case _:
                return (await self._book.get(request.template_id)).state


def _told(faults: Sequence[FieldFault]) -> list[pb.TemplateFault]:
    return [pb.TemplateFault(place=fault.field, description=fault.description) for fault in faults[:MOST_FAULTS]]


def _draft_to_proto(saved: SavedDocument[Draft], template: Template) -> TemplateProto:
    as_template = SavedDocument(saved.key, template, saved.version, saved.update_time, saved.exists)
    draft = template_to_proto(as_template)
    draft.update_time.CopyFrom(to_timestamp(saved.update_time))
    return draft


def _version_to_proto(saved: SavedDocument[Template]) -> pb.TemplateVersion:
    template = saved.state
    return pb.TemplateVersion(
        version=saved.version,
        put_time=to_timestamp(template.put_time or saved.update_time),
        default_language=template.default_language,
        form_count=len(template.forms),
    )


def _preview_to_proto(form: Form, rendered: Rendered) -> pb.TemplatePreview:
    preview = pb.TemplatePreview(
        delivery_kind=kind_to_proto(form.kind),
        language=form.language,
        subject=rendered.subject,
        preheader=rendered.preheader,
        body_text=rendered.body_text,
        body_html=rendered.body_html,
        image_uri=rendered.image_uri,
        link_uri=rendered.link_uri,
        button_label=rendered.button_label,
        audience_name=rendered.audience_name,
    )
    if form.kind is DeliveryKind.SMS:
        size = size_of(rendered.body_text)
        preview.sms_size.CopyFrom(
            pb.SmsSize(
                encoding=pb.SmsEncoding.Value(f"SMS_ENCODING_{size.encoding}"),
                unit_count=size.unit_count,
                segment_count=size.segment_count,
            )
        )
    return preview
