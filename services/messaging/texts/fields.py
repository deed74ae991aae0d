"""Remembers templates, their drafts and versions, and brands: as documents, and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from libs.mongo.documents import DocumentShape
from libs.mongo.migrate import Index
from services.messaging.fields import Fields, fields_of, form_from
from services.messaging.texts.brands import Brand, BrandTexts, Colours, FormOfAddress
from services.messaging.texts.templates import Template
from services.messaging.values import TemplateId

TEMPLATES = "templates"
TEMPLATE_DRAFTS = "template_drafts"
TEMPLATE_VERSIONS = "template_versions"
"""What counted before the present version; `_id` is of template and version, and sorts by it."""
BRANDS = "brands"
OF_NOBODY = frozenset({TEMPLATES, TEMPLATE_DRAFTS, TEMPLATE_VERSIONS, BRANDS})
TEXT_INDEXES = (Index(TEMPLATE_VERSIONS, (("template_id", 1), ("version", -1))),)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written; None where nothing is."""

    template_id: TemplateId
    template: Template | None = None


def template_to_fields(template: Template) -> Fields:
    """Write a template."""
    return {
        "forms": [fields_of(form) for form in template.forms],
        "variable_names": list(template.variable_names),
        "default_language": template.default_language,
        "put_time": template.put_time,
    }


def template_from_fields(template_id: str, fields: Mapping[str, Any]) -> Template:
    """Read a template back."""
    return Template(
        template_id=TemplateId(template_id),
        forms=tuple(form_from(form) for form in fields["forms"]),
        variable_names=tuple(fields["variable_names"]),
        default_language=fields["default_language"],
        put_time=fields["put_time"],
    )


def _draft_to_fields(draft: Draft) -> Fields:
    return {"template": template_to_fields(draft.template) if draft.template else None}


def _draft_from_document(document: Mapping[str, Any]) -> Draft:
    template_id, fields = document["_id"], document["template"]
    return Draft(TemplateId(template_id), template_from_fields(template_id, fields) if fields else None)


def _brand_to_fields(brand: Brand) -> Fields:
    fields = asdict(brand)
    del fields["brand_id"]
    return fields


def _brand_from_document(document: Mapping[str, Any]) -> Brand:
    return Brand(
        brand_id=document["_id"],
        name=document["name"],
        colours=Colours(**document["colours"]),
        logo_uri=document["logo_uri"],
        home_uri=document["home_uri"],
        texts=tuple(_brand_texts_from(fields) for fields in document["texts"]),
        default_language=document["default_language"],
        put_time=document["put_time"],
    )


def _brand_texts_from(fields: Mapping[str, Any]) -> BrandTexts:
    return BrandTexts(
        **dict(fields)
        | {
            "form_of_address": FormOfAddress(fields["form_of_address"]),
            "snippets": tuple((name, text) for name, text in fields["snippets"]),
        }
    )


TEMPLATE_SHAPE: DocumentShape[Template] = DocumentShape(
    empty=lambda key: Template(TemplateId(key)),
    to_fields=template_to_fields,
    from_document=lambda document: template_from_fields(document["_id"], document),
)
DRAFT_SHAPE: DocumentShape[Draft] = DocumentShape(
    empty=lambda key: Draft(TemplateId(key)),
    to_fields=_draft_to_fields,
    from_document=_draft_from_document,
)
BRAND_SHAPE: DocumentShape[Brand] = DocumentShape(
    empty=lambda key: Brand(brand_id=key),
    to_fields=_brand_to_fields,
    from_document=_brand_from_document,
)
