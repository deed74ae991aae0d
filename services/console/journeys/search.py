"""The page that finds journeys over all customers."""

from urllib.parse import urlencode

import grpc
from starlette.requests import Request
from starlette.responses import Response

from omnithread import details_of
from omnithread.context.v1.journey_service_pb2 import SearchJourneysResponse
from services.console.console import Console
from services.console.journeys.asking import KINDS, MAX_STEPS, OUTCOME_WORDS, TIMES, search_of, step_words
from services.console.journeys.marks import channel_words, kind_words
from services.console.journeys.pages import outcome_of, queries
from services.console.traces.durations import lasted
from services.console.web.requests import signed_in

LEAST_FIELDS = 3
"""So many steps of a path can be chosen at once, and always one more than there are."""
MAX_TOKEN_CHARACTERS = 1024
TIME_WORDS = {"last_act": "the last act", "start": "the begin"}
NONSENSE = frozenset({grpc.StatusCode.INVALID_ARGUMENT})


class SearchPages:
    """Answers for `/journeys`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def found(self, request: Request) -> Response:
        """Show the form, and what is found by it; without any condition, the newest journeys."""
        # Days are those of the console, unless the address says of where, as the report's numbers do.
        search, faults = search_of({"zone": [self._console.settings.time_zone], **queries(request)})
        page_token = request.query_params.get("page", "")[:MAX_TOKEN_CHARACTERS]
        client = self._console.clients.of(signed_in(request))
        answer = SearchJourneysResponse()
        try:
            answer = await client.journeys.SearchJourneys(search.request(page_token))
        except grpc.RpcError as error:
            details = details_of(error)
            if details.code not in NONSENSE:
                raise
            faults.append(f"The suite cannot search like this ({details.reason or details.code.name}).")
        return self._console.rendering.page(
            request,
            "journeys/search.html",
            status=400 if faults else 200,
            search=search,
            faults=faults,
            cards=answer.journeys,
            examined_count=answer.examined_count,
            freshness=answer.freshness,
            next_page=f"{search.query}&{urlencode({'page': answer.next_page_token})}" if answer.next_page_token else "",
            is_first=not page_token,
            step_fields=(*search.path, *[""] * max(LEAST_FIELDS - len(search.path), 1))[:MAX_STEPS],
            kinds=KINDS,
            step_words=step_words,
            outcome_words=OUTCOME_WORDS,
            time_words={name: TIME_WORDS[name] for name in TIMES},
            channel_words=channel_words,
            kind_words=kind_words,
            outcome_of=outcome_of,
            lasted=lasted,
        )
