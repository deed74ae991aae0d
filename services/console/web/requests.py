"""What a handler may ask of its request: who is signed in, and what the form says."""

from collections.abc import Callable

from starlette.requests import Request

from libs.web.bodies import Fields, one
from services.console.calling.agent import Agent
from services.console.web.sessions import Session

NO_FIELDS: Fields = {}
TOKEN_FIELD = "form_token"  # noqa: S105  the name of a field
WRITTEN = ("text", "note")
"""The fields into which somebody writes sentences: a page that refuses a form shows them again."""


def admit(
    request: Request,
    session: Session | None,
    fields: Fields = NO_FIELDS,
    goes_on: Callable[[], bool] = lambda: False,
) -> None:
    """Note what was found out on the way in; `goes_on` says later whether the session has ended meanwhile."""
    request.state.session = session
    request.state.fields = fields
    request.state.goes_on = goes_on


def session_or_none(request: Request) -> Session | None:
    """Give the session; None where nobody is signed in."""
    session = getattr(request.state, "session", None)
    return session if isinstance(session, Session) else None


def session_of(request: Request) -> Session:
    """Give the session of a guarded page, where there always is one."""
    session = session_or_none(request)
    if session is None:
        raise RuntimeError("an open page asked who is signed in")
    return session


def signed_in(request: Request) -> Agent:
    """Give who is signed in, on a guarded page."""
    return session_of(request).agent


def still_signed_in(request: Request) -> bool:
    """Whether the session of a request goes on: for answers that take long."""
    return bool(request.state.goes_on())


def fields_of(request: Request) -> Fields:
    """Give the fields of the form that was sent, each with all its values."""
    fields: Fields = getattr(request.state, "fields", NO_FIELDS)
    return fields


def field_of(request: Request, name: str) -> str:
    """Give the only value of a field; empty where it is missing. Raises BAD_REQUEST where there are several."""
    return one(fields_of(request), name)
