"""Puts the parts of hand-overs together."""

from libs.mongo.migrate import Index
from libs.service import Foundation
from services.cart.handover import codes as handover_codes
from services.cart.handover import store as handover_store
from services.cart.handover import tries as handover_tries
from services.cart.handover.codes import HandoverCodes
from services.cart.handover.keys import watch_keys
from services.cart.handover.operations import Handovers
from services.cart.handover.store import HandoverStore
from services.cart.handover.tries import HandoverTries
from services.cart.operations import Carts
from services.cart.settings import CartSettings

HANDOVER_INDEXES: tuple[Index, ...] = (*handover_store.INDEXES, *handover_codes.INDEXES, *handover_tries.INDEXES)


def handovers_over(settings: CartSettings, foundation: Foundation, carts: Carts) -> Handovers:
    """Give what can be done with hand-overs. Raises OSError or ValueError where the file of keys is no good."""
    keys = watch_keys(settings.handover_keys_file)
    database, clock = foundation.database, foundation.clock
    return Handovers(
        carts=carts,
        store=HandoverStore(database),
        codes=HandoverCodes(database, keys=keys, clock=clock),
        tries=HandoverTries(database, clock=clock),
        keys=keys,
    )
