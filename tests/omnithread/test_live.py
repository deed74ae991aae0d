"""What a watcher knows is put together from updates that tell only what changed."""

from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    SECTION_PROFILE,
    CartSection,
    CustomerContext,
    SectionProblem,
    SectionVersion,
)
from omnithread.context.v1.watch_service_pb2 import CustomerContextUpdate
from omnithread.live import Live
from omnithread.profile.v1.profile_pb2 import Profile

MIA = Profile(customer_id="mia", given_name="Mia")
VERSIONS = [SectionVersion(section=SECTION_PROFILE, version=1), SectionVersion(section=SECTION_CART, version=4)]


def whole(name: str = "mia", cart_version: int = 4) -> CustomerContextUpdate:
    cart = CartSection()
    cart.cart.version = cart_version
    context = CustomerContext(customer_id=name, profile=MIA, cart=cart, etag=f"{name}{cart_version}", versions=VERSIONS)
    return CustomerContextUpdate(context=context, changed_sections=[SECTION_PROFILE, SECTION_CART], snapshot=True)


def cart_only(version: int) -> CustomerContextUpdate:
    update = whole(cart_version=version)
    update.context.ClearField("profile")
    return CustomerContextUpdate(context=update.context, changed_sections=[SECTION_CART])


def test_a_change_is_put_to_what_was_known() -> None:
    live = Live(changed_sections_only=False)
    live.take_in(whole())
    live.take_in(cart_only(5))
    newest = live.newest()
    assert newest is not None
    assert newest.context == whole(cart_version=5).context
    assert newest.snapshot
    assert live.newest() is None


def test_who_was_slow_is_told_all_that_changed_in_one() -> None:
    live = Live(changed_sections_only=True)
    live.take_in(whole())
    live.newest()
    for version in (5, 6, 7):
        live.take_in(cart_only(version))
    newest = live.newest()
    assert newest is not None
    assert (newest.changed_sections, newest.snapshot) == ((SECTION_CART,), False)
    assert newest.context.cart.cart.version == 7
    assert not newest.context.HasField("profile")
    assert list(newest.context.versions) == VERSIONS


def test_a_section_whose_service_is_silent_is_not_shown_as_it_was() -> None:
    live = Live(changed_sections_only=False)
    live.take_in(whole())
    missing = CustomerContextUpdate(
        context=CustomerContext(customer_id="mia", versions=VERSIONS[:1], etag="other"),
        changed_sections=[SECTION_CART],
        problems=[SectionProblem(section=SECTION_CART, reason=SECTION_PROBLEM_REASON_UNAVAILABLE)],
    )
    live.take_in(missing)
    newest = live.newest()
    assert newest is not None
    assert not newest.context.HasField("cart")
    assert newest.context.profile == MIA
    assert len(newest.problems) == 1


def test_nothing_of_a_merged_customer_stays() -> None:
    live = Live(changed_sections_only=True)
    live.take_in(whole())
    live.newest()
    survivor = CustomerContextUpdate(
        context=CustomerContext(customer_id="max", etag="max"), changed_sections=[], snapshot=True
    )
    live.take_in(survivor)
    newest = live.newest()
    assert newest is not None
    assert newest.snapshot
    assert newest.context == survivor.context
