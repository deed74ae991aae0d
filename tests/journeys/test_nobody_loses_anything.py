"""Whatever comes in whatever order, in all services: no cart line and no no is lost, and nobody is two customers."""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field

import grpc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import omnithread
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, RemoveItemRequest
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_REVOKED
from omnithread.profile.v1.identity_service_pb2 import ListMergesRequest, MergeCustomersRequest, UnmergeCustomersRequest
from omnithread.profile.v1.profile_pb2 import Identifier, Profile
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from tests.journeys.people import Person, add, consent, context_of, somebody
from tests.running_suite import Channels

pytestmark = pytest.mark.timeout(600)

EXAMPLES = int(os.environ.get("OMNITHREAD_LAW_EXAMPLES", "4"))
# Without shrinking: a story through the running suite takes a second, and its steps say enough.
STORIES = settings(
    max_examples=EXAMPLES, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
PLACES = 3  # cookies
PEOPLE = 3
ARTICLES = ("BAG", "HAT")
PURPOSES = ("news", "offers")
ALLOWED = {"MERGE_NOT_POSSIBLE", "UNMERGE_NOT_POSSIBLE", "ETAG_MISMATCH", "CONFLICT", "CUSTOMER_NOT_FOUND"}
"""What may be refused when others are at it at the same moment; nothing is done then."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A guest comes to a place, or somebody whom the place knows."""

    place: int


@dataclass(frozen=True, slots=True)
class LogIn:
    """Somebody proves their e-mail address at a place."""

    place: int
    person: int


@dataclass(frozen=True, slots=True)
class PutIn:
    """One of the customers met so far puts an article into the cart."""

    customer: int
    article: str


@dataclass(frozen=True, slots=True)
class TakeOut:
    """One of them takes all of an article out again."""

    customer: int
    article: str


@dataclass(frozen=True, slots=True)
class Say:
    """One of them says yes or no."""

    customer: int
    purpose: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Join:
    """Staff take two of them for one person."""

    one: int
    other: int


@dataclass(frozen=True, slots=True)
class Part:
    """Staff undo the newest merge of one of them."""

    customer: int


Step = Visit | LogIn | PutIn | TakeOut | Say | Join | Part
places, people, customers = st.integers(0, PLACES - 1), st.integers(0, PEOPLE - 1), st.integers(0, 9)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Visit, place=places),
    st.builds(LogIn, place=places, person=people),
    st.builds(PutIn, customer=customers, article=st.sampled_from(ARTICLES)),
    st.builds(PutIn, customer=customers, article=st.sampled_from(ARTICLES)),
    st.builds(TakeOut, customer=customers, article=st.sampled_from(ARTICLES)),
    st.builds(Say, customer=customers, purpose=st.sampled_from(PURPOSES), yes=st.booleans()),
    st.builds(Join, one=customers, other=customers),
    st.builds(Part, customer=customers),
)
rounds = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=4, max_size=12)
"""The steps of a round are taken at the same moment."""


@dataclass(slots=True)
class Story:
    """What was told to the suite, and what it acknowledged."""

    channels: Channels
    people: list[Person] = field(default_factory=lambda: [somebody() for _ in range(PEOPLE)])
    marks: list[Person] = field(default_factory=lambda: [somebody() for _ in range(PLACES)])
    known: list[str] = field(default_factory=list)
    """Every customer id that was ever answered."""
    in_carts: Counter[str] = field(default_factory=Counter)
    taken_out: Counter[str] = field(default_factory=Counter)
    parted: bool = False
    """Whether a merge was undone: what was taken out meanwhile may then be back, since nothing tells whose it was."""
    noes: set[tuple[str, str]] = field(default_factory=set)
    """Customer and purpose of each no that nobody has taken back since."""

    async def take(self, step: Step) -> None:
        try:
            await self._take(step)
        except grpc.aio.AioRpcError as refused:
            reason = omnithread.details_of(refused).reason
            assert reason in ALLOWED, f"{step}: {reason}"

    async def _take(self, step: Step) -> None:
        match step:
            case Visit(place):
                await self._come([omnithread.cookie(self.marks[place].cookie)])
            case LogIn(place, person):
                proof = omnithread.email(self.people[person].email, verified=True)
                await self._come([omnithread.cookie(self.marks[place].cookie), proof])
            case PutIn(customer, article):
                await add(self.channels.app, self._who(customer), article)
                self.in_carts[article] += 1
            case TakeOut(customer, article):
                await self._take_out(self._who(customer), article)
            case Say(customer, purpose, yes):
                await self._say(self._who(customer), purpose, yes=yes)
            case Join(one, other):
                await self.join(self._who(one), self._who(other))
            case Part(customer):
                await self._part(self._who(customer))

    def _who(self, number: int) -> str:
        return self.known[number % len(self.known)]

    async def _come(self, identifiers: list[Identifier]) -> None:
        session = await self.channels.shop.start_session(identifiers)
        if session.customer_id not in self.known:
            self.known.append(session.customer_id)

    async def _take_out(self, customer_id: str, article: str) -> None:
        cart = (await self.channels.app.cart.GetCart(GetCartRequest(customer_id=customer_id))).cart
        line = next((line for line in cart.lines if line.sku == article), None)
        if line is not None:
            request = RemoveItemRequest(customer_id=customer_id, line_id=line.line_id, etag=cart.etag)
            await self.channels.app.cart.RemoveItem(request)
            self.in_carts[article] -= line.quantity
            self.taken_out[article] += line.quantity

    async def _say(self, customer_id: str, purpose: str, *, yes: bool) -> None:
        if yes:
            await self._take_back(customer_id, purpose)
            await consent(self.channels.app, customer_id, DELIVERY_KIND_EMAIL, purpose=purpose)
            await self._take_back(customer_id, purpose)
        else:
            no = CONSENT_STATE_REVOKED
            await consent(self.channels.app, customer_id, DELIVERY_KIND_EMAIL, state=no, purpose=purpose)
            self.noes.add((customer_id, purpose))

    async def _take_back(self, customer_id: str, purpose: str) -> None:
        """A yes counts for all who are this customer now; looked at before and after, since others may be joining."""
        now = await self.standing()
        self.noes -= {(said, purpose) for said in self.known if now[said] == now[customer_id]}

    async def join(self, one: str, other: str) -> str:
        request = MergeCustomersRequest(customer_id=one, other_customer_id=other, reason="the same person, they say")
        return (await self.channels.agent.identity.MergeCustomers(request)).merge.merge_id

    async def _part(self, customer_id: str) -> None:
        found = await self.channels.agent.identity.ListMerges(ListMergesRequest(customer_id=customer_id))
        held = [merge for merge in found.merges if not merge.HasField("unmerge_time")]
        if held:
            await self.undo(customer_id, held[0].merge_id)

    async def undo(self, customer_id: str, merge_id: str) -> None:
        request = UnmergeCustomersRequest(customer_id=customer_id, merge_id=merge_id, reason="two persons after all")
        await self.channels.agent.identity.UnmergeCustomers(request)
        self.parted = True

    async def profile(self, customer_id: str) -> Profile:
        return (await self.channels.shop.profile.GetProfile(GetProfileRequest(customer_id=customer_id))).profile

    async def standing(self) -> dict[str, str]:
        """Give who stands for each id today."""
        return {one: (await self.profile(one)).customer_id for one in self.known}

    async def assert_all_is_there(self) -> None:
        now = await self.standing()
        contexts = {living: await context_of(self.channels.agent, living) for living in sorted(set(now.values()))}
        found: Counter[str] = Counter()
        for context in contexts.values():
            found += pieces(context.cart.cart)
        back = found - self.in_carts
        assert not self.in_carts - found, "a cart line was lost"
        assert back <= (self.taken_out if self.parted else Counter()), "a cart line was doubled"
        for said, purpose in self.noes:
            states = {
                one.purpose: one.state
                for one in contexts[now[said]].preferences.consents
                if one.delivery_kind == DELIVERY_KIND_EMAIL
            }
            assert states.get(purpose) == CONSENT_STATE_REVOKED, f"the no to {purpose} of {said} was lost"
        held = [
            (one.kind, one.value)
            for context in contexts.values()
            for one in context.profile.identifiers
            if one.verified or one.value.startswith("visitor-")
        ]
        assert len(held) == len(set(held)), "an identifier leads to two customers"


def pieces(cart: Cart) -> Counter[str]:
    """Count the articles of a cart, those set aside too."""
    counted: Counter[str] = Counter()
    for line in (*cart.lines, *cart.set_aside_lines):
        counted[line.sku] += line.quantity
    return counted


async def told(channels: Channels, plan: list[list[Step]]) -> Story:
    story = Story(channels)
    await story.take(Visit(0))
    for together in plan:
        await asyncio.gather(*(story.take(step) for step in together))
    return story


@STORIES
@given(plan=rounds)
async def test_whatever_comes_in_whatever_order_nothing_is_lost(channels: Channels, plan: list[list[Step]]) -> None:
    story = await told(channels, plan)
    await story.assert_all_is_there()


@STORIES
@given(plan=rounds, one=customers, other=customers)
async def test_what_was_joined_and_parted_again_is_as_it_was(
    channels: Channels, plan: list[list[Step]], one: int, other: int
) -> None:
    story = await told(channels, [*plan, [LogIn(0, 0)], [LogIn(1, 1)]])
    now = await story.standing()
    pair = sorted({now[story.known[one % len(story.known)]], now[story.known[other % len(story.known)]]})
    if len(pair) < 2:
        return
    before = [await seen(channels, customer_id) for customer_id in pair]
    try:
        merge_id = await story.join(*pair)
    except grpc.aio.AioRpcError as refused:
        assert omnithread.details_of(refused).reason == "MERGE_NOT_POSSIBLE"  # noqa: PT017  of two outcomes one
        return
    await context_of(channels.agent, pair[0])
    await story.undo(pair[0], merge_id)
    assert [await seen(channels, customer_id) for customer_id in pair] == before
    await story.assert_all_is_there()


async def seen(channels: Channels, customer_id: str) -> tuple[str, dict[str, int], dict[str, int], list[str]]:
    """What a channel sees of a customer: cart, consents and identifiers."""
    context = await context_of(channels.agent, customer_id)
    return (
        context.customer_id,
        dict(pieces(context.cart.cart)),
        {one.purpose: one.state for one in context.preferences.consents},
        [one.value for one in context.profile.identifiers],
    )
