"""Translates calls: one short method per RPC of `BrandService`, between the contract's words and the operations."""

from libs.mongo.documents import SavedDocument
from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import to_timestamp
from omnithread.messaging.v1 import brand_pb2
from omnithread.messaging.v1 import brand_service_pb2 as pb
from omnithread.messaging.v1.brand_service_pb2_grpc import BrandServiceServicer
from services.messaging.texts.brand_book import BrandBook
from services.messaging.texts.brands import Brand, BrandTexts, Colours, FormOfAddress

BRAND_PAGES = PageTokens("messaging.brands")


class BrandServicer(BrandServiceServicer):
    """Answers those who care for brands, and the door, whose pages look like them."""

    def __init__(self, brands: BrandBook) -> None:
        self._brands = brands

    async def PutBrand(self, request: pb.PutBrandRequest, _context: object) -> pb.PutBrandResponse:
        outcome = await self._brands.put(brand_from_proto(request.brand), etag=request.etag, stamp=stamp_of(request))
        return pb.PutBrandResponse(brand=brand_to_proto(outcome.saved), replayed=outcome.replayed)

    async def GetBrand(self, request: pb.GetBrandRequest, _context: object) -> pb.GetBrandResponse:
        return pb.GetBrandResponse(brand=brand_to_proto(await self._brands.get(request.brand_id)))

    async def ListBrands(self, request: pb.ListBrandsRequest, _context: object) -> pb.ListBrandsResponse:
        position = BRAND_PAGES.decode(request.page_token, owner="") or {"after_id": ""}
        found, following = await self._brands.page(
            after_id=str(position["after_id"]), limit=page_size(request.page_size)
        )
        return pb.ListBrandsResponse(
            brands=[brand_to_proto(saved) for saved in found],
            next_page_token=BRAND_PAGES.encode({"after_id": following}, owner="") if following else "",
        )


def brand_from_proto(brand: brand_pb2.Brand) -> Brand:
    """Read what is put; version, time and etag are ours."""
    colours, quiet = brand.colours, Colours()
    return Brand(
        brand_id=brand.brand_id,
        name=brand.name,
        colours=Colours(colours.primary, colours.on_primary, colours.background, colours.text)
        if brand.HasField("colours")
        else quiet,
        logo_uri=brand.logo_uri,
        home_uri=brand.home_uri,
        texts=tuple(
            BrandTexts(
                language=texts.language,
                signature=texts.signature,
                imprint=texts.imprint,
                form_of_address=FormOfAddress(
                    brand_pb2.FormOfAddress.Name(texts.form_of_address).removeprefix("FORM_OF_ADDRESS_")
                ),
                snippets=tuple((snippet.name, snippet.text) for snippet in texts.snippets),
                preferences_label=texts.preferences_label,
                unsubscribe_label=texts.unsubscribe_label,
            )
            for texts in brand.texts
        ),
        default_language=brand.default_language,
    )


def brand_to_proto(saved: SavedDocument[Brand]) -> brand_pb2.Brand:
    """Write a brand as kept."""
    brand, colours = saved.state, saved.state.colours
    return brand_pb2.Brand(
        brand_id=brand.brand_id,
        name=brand.name,
        colours=brand_pb2.BrandColours(
            primary=colours.primary,
            on_primary=colours.on_primary,
            background=colours.background,
            text=colours.text,
        ),
        logo_uri=brand.logo_uri,
        home_uri=brand.home_uri,
        texts=[
            brand_pb2.BrandTexts(
                language=texts.language,
                signature=texts.signature,
                imprint=texts.imprint,
                form_of_address=brand_pb2.FormOfAddress.Value(f"FORM_OF_ADDRESS_{texts.form_of_address}"),
                snippets=[brand_pb2.ToneSnippet(name=name, text=text) for name, text in texts.snippets],
                preferences_label=texts.preferences_label,
                unsubscribe_label=texts.unsubscribe_label,
            )
            for texts in brand.texts
        ],
        default_language=brand.default_language,
        version=saved.version,
        update_time=to_timestamp(brand.put_time) if brand.put_time else None,
        etag=saved.etag(),
    )
