import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.documents import Documents, DocumentShape, SavedDocument
from libs.mongo.record import Decision
from tests.libs.mongo.conftest import CommandLog
from tests.libs.mongo.notebook import NOON, stamp

SHAPE: DocumentShape[tuple[str, ...]] = DocumentShape(
    empty=lambda _key: (),
    to_fields=lambda words: {"words": list(words)},
    from_document=lambda document: tuple(document["words"]),
)


def texts(database: Database, shape: DocumentShape[tuple[str, ...]] = SHAPE) -> Documents[tuple[str, ...]]:
    return Documents(database=database, collection="texts", shape=shape, clock=lambda: NOON, random=random.Random(3))


def add(word: str) -> Callable[[SavedDocument[tuple[str, ...]]], Decision[tuple[str, ...], Any]]:
    return lambda saved: Decision((*saved.state, word), facts={"word": word})


async def test_a_document_is_changed_once_per_request(database: Database, commands: CommandLog) -> None:
    documents = texts(database)
    asked = stamp()
    first = await documents.run("greeting", asked, add("hello"))
    again = await documents.run("greeting", asked, add("goodbye"))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.facts == {"word": "hello"}
    assert (again.saved.state, again.saved.version) == (("hello",), 1)
    assert again.saved.etag() == (await documents.get("greeting")).etag() == first.saved.etag()
    assert commands.names == ["find", "insert", "find", "find"]
    with pytest.raises(OmnithreadError, match="REQUEST_ID_REUSED"):
        await documents.run("greeting", stamp("other", request_id=asked.request_id), add("hi"))


async def test_two_who_change_a_document_at_once_both_count(database: Database) -> None:
    first, second = texts(database), texts(database)
    words = [f"w{number}" for number in range(8)]
    await asyncio.gather(*((first, second)[n % 2].run("greeting", stamp(), add(w)) for n, w in enumerate(words)))
    assert sorted((await first.get("greeting")).state) == words


async def test_documents_are_listed_by_their_keys(database: Database) -> None:
    documents = texts(database)
    for key in ("c", "a", "b"):
        await documents.run(key, stamp(), add(key))
    assert [saved.key for saved in await documents.page(limit=2)] == ["a", "b"]
    assert [saved.key for saved in await documents.page(after_key="b", limit=2)] == ["c"]
    assert not (await documents.get("d")).exists


async def test_a_document_has_a_size_limit(database: Database) -> None:
    with pytest.raises(OmnithreadError, match="RECORD_TOO_LARGE"):
        await texts(database).run("long", stamp(), add("x" * 300_000))


async def test_a_state_may_not_use_the_documents_own_fields(database: Database) -> None:
    shape = DocumentShape(empty=SHAPE.empty, to_fields=lambda _words: {"floors": []}, from_document=SHAPE.from_document)
    with pytest.raises(ValueError, match="floors"):
        await texts(database, shape).run("greeting", stamp(), add("hello"))
