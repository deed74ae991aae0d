"""How important a call is, as the contract says: the least important is turned away first."""

import enum

from google.protobuf import descriptor_pool

from omnithread.common.v1.access_pb2 import access


class Importance(enum.IntEnum):
    """What is shed first, as in `omnithread.common.v1.Importance`."""

    BULK = 1
    NORMAL = 2
    URGENT = 3

    @classmethod
    def of(cls, value: int) -> "Importance":
        """Read the contract's value; one that is not given, or newer than this process, is NORMAL."""
        return cls(value) if value in (1, 2, 3) else cls.NORMAL


def importance_of(path: str) -> Importance:
    """Read from the contract what a method is (`/omnithread.cart.v1.CartService/AddItem`)."""
    service, _, name = path[1:].partition("/")
    try:
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    except KeyError:
        return Importance.NORMAL
    return Importance.of(method.GetOptions().Extensions[access].importance)
