"""Answering `ExportArea` and `EraseArea` of the internal services, the same for every area."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from libs.mongo.connection import Database
from libs.mongo.erase import Eraser
from libs.mongo.export import Place, export_page
from libs.mongo.holdings import Holdings
from libs.mongo.values import Event, State
from libs.rpc.call import current_call, origin_of
from libs.rpc.pages import PageTokens, page_size

MOST_PAGE_SIZE = 100

ResponseT = TypeVar("ResponseT", bound=Message)


class ExportRequest(Protocol):
    """What every area's ExportAreaRequest has."""

    customer_id: str
    page_size: int
    page_token: str

    @property
    def merged_customer_ids(self) -> Iterable[str]:
        """Who was merged into the customer."""


class EraseRequest(Protocol):
    """What every area's EraseAreaRequest has."""

    erasure_id: str
    customer_id: str

    @property
    def merged_customer_ids(self) -> Iterable[str]:
        """Who was merged into the customer."""


async def answer_export(
    database: Database,
    holdings: Holdings,
    request: ExportRequest,
    *,
    response_type: Callable[..., ResponseT],
    customer_ids: Sequence[str] = (),
) -> ResponseT:
    """Answer an area's ExportArea, for those in the request unless others are named. Raises PAGE_TOKEN_INVALID."""
    tokens = PageTokens(f"{holdings.area}.export")
    position = tokens.decode(request.page_token, owner=request.customer_id)
    documents, following = await export_page(
        database,
        holdings,
        customer_ids or everybody(request),
        after=None if position is None else Place(str(position["collection"]), str(position["id"])),
        limit=page_size(request.page_size, most=MOST_PAGE_SIZE),
    )
    token = (
        tokens.encode({"collection": following.collection, "id": following.id}, owner=request.customer_id)
        if following
        else ""
    )
    return response_type(documents=documents, next_page_token=token)


async def answer_erase(
    eraser: Eraser[State, Event], request: EraseRequest, *, response_type: Callable[..., ResponseT]
) -> ResponseT:
    """Answer an area's EraseArea. Raises what `Eraser.erase` raises."""
    customer_ids = everybody(request)
    receipt = await eraser.erase(customer_ids, erasure_id=request.erasure_id, origin=origin_of(current_call()))
    return response_type(erasure=receipt, customer_ids=customer_ids)


def everybody(request: ExportRequest | EraseRequest) -> list[str]:
    """Give the customer, and then whoever was merged into them, each once."""
    return list(dict.fromkeys([request.customer_id, *request.merged_customer_ids]))
