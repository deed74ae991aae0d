"""Asks messaging how a brand looks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from libs.errors import OmnithreadError, Status
from libs.rpc.status import error_from_rpc
from omnithread.messaging.v1.brand_pb2 import Brand
from omnithread.messaging.v1.brand_service_pb2 import GetBrandRequest
from services.door.pages.brands import BrandsAway
from services.door.pages.looks import Look, look_of

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.messaging.v1.brand_service_pb2_grpc import BrandServiceAsyncStub

TIMEOUT_SECONDS = 1.5
"""A page without its colours is better than one that is late."""


@dataclass(frozen=True, slots=True)
class AskBrands:
    """Asks for one brand."""

    messaging: "BrandServiceAsyncStub"

    async def __call__(self, brand_id: str) -> Look | None:
        """Give its look; of an empty id, that of the default brand. None where there is none. Raises BrandsAway."""
        try:
            answer = await self.messaging.GetBrand(GetBrandRequest(brand_id=brand_id), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as raised:
            error = error_from_rpc(raised, dependency="messaging")
            if error.status in {Status.NOT_FOUND, Status.INVALID_ARGUMENT}:
                return None
            raise BrandsAway from raised
        except OmnithreadError as error:
            raise BrandsAway from error
        return _look(answer.brand)


def _look(brand: Brand) -> Look:
    return look_of(
        brand.brand_id,
        name=brand.name,
        accent=brand.colours.primary,
        on_accent=brand.colours.on_primary,
        logo_url=brand.logo_uri,
        home_url=brand.home_uri,
        imprints={texts.language: texts.imprint for texts in brand.texts},
        default_language=brand.default_language,
    )
