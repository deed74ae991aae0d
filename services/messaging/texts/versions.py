"""Remembers the versions of templates that do not count any more: the newest 100 of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.documents import SavedDocument
from libs.mongo.once import insert_once
from services.messaging.texts.fields import TEMPLATE_VERSIONS, template_from_fields, template_to_fields
from services.messaging.texts.templates import Template

MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class TemplateVersions:
    """A version never changes, so it is kept once, whoever keeps it and however often."""

    database: Database

    async def keep(self, saved: SavedDocument[Template]) -> None:
        """Keep what counts until now, and let go what is too old. Two writes; none for a template that is new."""
        if not saved.exists:
            return
        document = {
            "_id": f"{saved.key}:{saved.version}",
            "template_id": saved.key,
            "version": saved.version,
            "update_time": saved.update_time,
            **template_to_fields(saved.state),
        }
        await insert_once(self.database[TEMPLATE_VERSIONS], document)
        too_old = {"template_id": saved.key, "version": {"$lte": saved.version - MOST_KEPT}}
        with reading():
            await self.database[TEMPLATE_VERSIONS].delete_many(too_old)

    async def get(self, template_id: str, version: int) -> SavedDocument[Template] | None:
        """Give one that is kept. One read."""
        with reading():
            document = await self.database[TEMPLATE_VERSIONS].find_one({"_id": f"{template_id}:{version}"})
        return _saved(document) if document else None

    async def before(self, template_id: str, version: int, *, limit: int) -> Sequence[SavedDocument[Template]]:
        """Give at most `limit` versions before one, newest first. One indexed query."""
        earlier = {"template_id": template_id, "version": {"$lt": version}}
        with reading():
            cursor = self.database[TEMPLATE_VERSIONS].find(earlier).sort("version", -1).limit(limit)
            return [_saved(document) for document in await cursor.to_list(limit)]


def _saved(document: Document) -> SavedDocument[Template]:
    template_id = document["template_id"]
    return SavedDocument(
        key=template_id,
        state=template_from_fields(template_id, document),
        version=document["version"],
        update_time=document["update_time"],
        exists=True,
    )
