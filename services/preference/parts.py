"""Puts the parts of preference together that stand on its book: chains, double opt-in, and links."""

from libs.mongo.migrate import Index
from libs.one_time_codes import NewCode, new_code
from libs.purposes import PurposeTable
from libs.service import Foundation
from services.preference.chain import heads
from services.preference.confirming import confirmations, limits
from services.preference.confirming.confirmations import Confirmations
from services.preference.confirming.limits import ConfirmationLimits
from services.preference.confirming.operations import Confirming
from services.preference.links.operations import Links
from services.preference.links.tokens import LinkTokens, watch_keys
from services.preference.operations import PreferenceBook
from services.preference.settings import PreferenceSettings

PARTS_INDEXES: tuple[Index, ...] = (*heads.INDEXES, *confirmations.INDEXES, *limits.INDEXES)


def confirming_over(
    book: PreferenceBook, foundation: Foundation, purposes: PurposeTable, *, new_code: NewCode = new_code
) -> Confirming:
    """Give what can be done with a yes that waits."""
    database, clock = foundation.database, foundation.clock
    return Confirming(
        book=book,
        confirmations=Confirmations(database, clock=clock, new_code=new_code),
        limits=ConfirmationLimits(database, clock=clock, registry=foundation.registry),
        purposes=purposes,
    )


def links_over(settings: PreferenceSettings, book: PreferenceBook, confirming: Confirming) -> Links:
    """Give what can be done with links. Raises OSError or ValueError where the file of keys is no good."""
    tokens = None
    if settings.link_keys_file is not None:
        tokens = LinkTokens(watch_keys(settings.link_keys_file), base_url=settings.public_base_url)
    return Links(book=book, confirming=confirming, tokens=tokens, purposes=confirming.purposes)
