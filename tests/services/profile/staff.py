"""What a member of staff does about who is who, in the tests' words."""

from dataclasses import replace

from libs.ids import new_id
from services.profile.identity import Identities, StaffMerge
from services.profile.model import MERGE_AREAS
from services.profile.service import identities_of
from services.profile.unmerges import Unmerged
from tests.services.profile.people import cookie, email, trait
from tests.services.profile.replicas import ORIGIN, Replicas


def staff(replicas: Replicas, replica: int = 0) -> Identities:
    return identities_of(replicas[replica], new_id=new_id)


async def merge(
    replicas: Replicas, one: str, other: str, *, request_id: str = "", actor: str = "anna", replica: int = 0
) -> StaffMerge:
    stamp = replicas.stamp(request_id)
    stamp = replace(stamp, origin=replace(stamp.origin, actor_id=actor))
    return await staff(replicas, replica).merge(one, other, reason="one person", stamp=stamp)


async def unmerge(
    replicas: Replicas,
    customer_id: str,
    merge_id: str,
    *,
    request_id: str = "",
    actor: str = "anna",
    reason: str = "two people",
    replica: int = 0,
) -> Unmerged:
    stamp = replicas.stamp(request_id)
    stamp = replace(stamp, origin=replace(stamp.origin, actor_id=actor))
    return await staff(replicas, replica).unmerge(customer_id, merge_id, reason=reason, stamp=stamp)


async def all_areas_follow(replicas: Replicas, survivor: str, merge_id: str) -> None:
    for area in MERGE_AREAS:
        await staff(replicas).complete_unmerge(
            merge_id=merge_id, survivor_customer_id=survivor, area=area, origin=ORIGIN
        )


async def guest_and_anna(replicas: Replicas) -> tuple[str, str, str]:
    """A guest who logged in as Anna: the guest's id, Anna's, and the merge's."""
    anna = (await replicas.identify(email("anna@example.com"))).saved.customer_id
    replicas.clock.move(minutes=1)
    guest = (await replicas.identify(cookie("g"), traits=[trait("size", 41.0)])).saved.customer_id
    replicas.clock.move(minutes=1)
    joined = await replicas.identify(cookie("g"), email("anna@example.com"))
    return guest, anna, joined.saved.state.merges[-1].merge_id
