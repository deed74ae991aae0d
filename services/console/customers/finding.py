"""Finding a customer by whatever they can be named with.

What is typed travels in the body of a form and never in an address, where histories and proxies would keep it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import omnithread
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import BatchGetProfilesRequest, GetProfileRequest
from services.console.console import Console
from services.console.customers.guessing import KINDS, MOST_CHARACTERS, Guess, guesses
from services.console.customers.recent import RecentCustomers
from services.console.web.requests import field_of, session_of, signed_in

NOBODY = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT})
"""Nobody has it, or it cannot be of that kind."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody, and what led to them."""

    profile: Profile
    by: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The first page."""

    console: Console
    recent: RecentCustomers

    async def page(self, request: Request) -> Response:
        """Ask for a customer, and show whom the agent looked at last."""
        return await self._page(request)

    async def find(self, request: Request) -> Response:
        """Look for a customer: go to the one that is found, or show all where there are several."""
        typed, kind = field_of(request, "customer"), field_of(request, "kind")
        tried = guesses(typed, int(kind) if kind in {str(number) for number, _ in KINDS} else 0)
        found = await self._found(self.console.clients.of(signed_in(request)), tried)
        if len(found) == 1:
            return RedirectResponse(f"/customers/{found[0].profile.customer_id}", status_code=303)
        return await self._page(request, typed=typed[:MOST_CHARACTERS], kind=kind, tried=tried, found=found)

    async def _found(self, client: omnithread.Omnithread, tried: Sequence[Guess]) -> list[Found]:
        """Ask for all ways to read it at once. Raises grpc.RpcError where the answer would not be whole."""
        answers = await asyncio.gather(*(_one(client, guess) for guess in tried))
        found: dict[str, Found] = {}
        for guess, profile in zip(tried, answers, strict=True):
            if profile is not None:
                found.setdefault(profile.customer_id, Found(profile, guess.words))
        return list(found.values())

    async def _page(
        self,
        request: Request,
        *,
        typed: str = "",
        kind: str = "",
        tried: Sequence[Guess] | None = None,
        found: Sequence[Found] = (),
    ) -> Response:
        ids = self.recent.of(session_of(request).session_id)
        recent, away = await self._profiles(self.console.clients.of(signed_in(request)), ids)
        return self.console.rendering.page(
            request,
            "customers/find.html",
            typed=typed,
            kind=kind,
            kinds=KINDS,
            tried=tried,
            found=found,
            recent=recent,
            recent_away=away,
        )

    async def _profiles(self, client: omnithread.Omnithread, ids: Sequence[str]) -> tuple[list[Profile], bool]:
        """Give who they are now, and whether that could not be asked: who was forgotten meanwhile is left out."""
        if not ids:
            return [], False
        try:
            answer = await client.profile.BatchGetProfiles(BatchGetProfilesRequest(customer_ids=ids))
        except grpc.RpcError:
            return [], True
        by_id = {entry.requested_customer_id: entry.profile for entry in answer.profiles}
        return [by_id[one] for one in ids if one in by_id], False


async def _one(client: omnithread.Omnithread, guess: Guess) -> Profile | None:
    asked = GetProfileRequest(customer_id=guess.customer_id)
    if guess.identifier is not None:
        asked = GetProfileRequest(identifier=guess.identifier)
    try:
        return (await client.profile.GetProfile(asked)).profile
    except grpc.RpcError as error:
        if omnithread.details_of(error).code in NOBODY:
            return None
        raise
