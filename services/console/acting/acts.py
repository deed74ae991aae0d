"""One act: what it is called, what is asked before it, and what is sent; and how a form of it is carried out."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import omnithread
from libs.telemetry.journey import add_journey_labels
from libs.web.refusals import bad_request
from services.console.acting.refusals import Told, not_shown, told_of, unfit
from services.console.calling.agent import Agent
from services.console.console import Console
from services.console.web.failures import nothing_here
from services.console.web.requests import TOKEN_FIELD, WRITTEN, field_of, fields_of, signed_in

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{16,64}")
REQUEST_ID_FIELD = "request_id"
KEY_FIELD = "key"
SURE_FIELD = "sure"
SURE = "yes"
NOT_SURE = "no"


class Unfit(Exception):
    """What was typed cannot be sent; the text says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an agent asked for."""

    customer_id: str
    thing_id: str
    """The conversation; empty where it is about the cart."""
    agent: Agent
    request_id: str
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """Give what was typed, without the white space around it."""
        return self.fields.get(name, "").replace("\r\n", "\n").strip()

    def number(self, name: str, *, least: int, most: int) -> int:
        """Give a whole number. Raises Unfit."""
        typed = self.text(name)
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10 and least <= int(typed) <= most):
            raise Unfit(f"“{name.replace('_', ' ')}” has to be a number from {least} to {most}.")
        return int(typed)

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.fields.get(name))


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that an agent can do."""

    name: str
    """The end of its address."""
    button: str
    """What is pressed to do it."""
    done: str
    """Said afterwards."""
    send: Callable[[omnithread.Omnithread, Wanted], Awaitable[object]]
    """Does it. Raises grpc.RpcError, and Unfit for what cannot be sent."""
    asks: str = ""
    """The question before it; empty for what can be undone."""
    quotes: str = ""
    """The field whose text is shown with the question."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was not carried out: what was typed into it stays, and it may be sent again."""

    act: str = ""
    key: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    """To be sent again under the same id, where nobody knows whether it was done; else empty."""

    def value(self, act: str, key: str, name: str, default: object = "") -> object:
        """Give what a field of a form shows."""
        return self.fields.get(name, "") if (act, key) == (self.act, self.key) else default

    def ticked(self, act: str, key: str, name: str, *, default: bool = False) -> bool:
        """Whether a box of a form is ticked."""
        return bool(self.fields.get(name)) if (act, key) == (self.act, self.key) else default

    def id_of(self, act: str, key: str) -> str:
        """Give the id of the form, if it is to be sent again under it."""
        return self.request_id if (act, key) == (self.act, self.key) else ""


NOTHING_TYPED = Typed()
Show = Callable[[Request, Typed, Told | None], Awaitable[Response]]
"""Gives the page that has the forms: with what was typed, and why it was not done."""


def named(request: Request, name: str) -> str:
    """Give an id of the address. Raises UNKNOWN where it cannot be one."""
    value: str = request.path_params.get(name, "")
    if not ID.fullmatch(value):
        raise nothing_here()
    return value


@dataclass(frozen=True, slots=True)
class Acting:
    """Carries the forms of one page out."""

    console: Console
    acts: Mapping[str, Act]
    show: Show
    title: str
    thing: str = ""
    """What the address names beside the customer."""

    async def do(self, request: Request) -> Response:
        """Do what a form asks for, or ask first; then show the page again."""
        act = self.acts.get(request.path_params["act"])
        if act is None:
            raise nothing_here()
        wanted = self._wanted(request)
        add_journey_labels(customer_id=wanted.customer_id)
        here = request.url.path.rpartition("/")[0]
        sure = wanted.fields.get(SURE_FIELD)
        if act.asks and sure == NOT_SURE:
            return await self._shown(request, act, wanted, None)
        if act.asks and sure != SURE:
            return self._question(request, act, wanted, here)
        try:
            await act.send(self.console.clients.of(wanted.agent), wanted)
        except Unfit as why:
            return await self._shown(request, act, wanted, unfit(str(why)))
        except grpc.RpcError as error:
            return await self._shown(request, act, wanted, told_of(error))
        return RedirectResponse(f"{here}?done={act.name}", status_code=303)

    def done_words(self, request: Request) -> str:
        """Say what was done just now, as the address tells; empty for what it makes up."""
        act = self.acts.get(request.query_params.get("done", ""))
        return act.done if act else ""

    def _wanted(self, request: Request) -> Wanted:
        request_id = field_of(request, REQUEST_ID_FIELD)
        if not REQUEST_ID.fullmatch(request_id):
            raise bad_request()
        return Wanted(
            customer_id=named(request, "customer_id"),
            thing_id=named(request, self.thing) if self.thing else "",
            agent=signed_in(request),
            request_id=request_id,
            fields={name: field_of(request, name) for name in fields_of(request) if name != TOKEN_FIELD},
        )

    def _question(self, request: Request, act: Act, wanted: Wanted, here: str) -> Response:
        return self.console.rendering.page(
            request,
            "acting/sure.html",
            title=self.title,
            act=act,
            fields=sorted(wanted.fields.items()),
            quoted=wanted.text(act.quotes) if act.quotes else "",
            here=here,
        )

    async def _shown(self, request: Request, act: Act, wanted: Wanted, told: Told | None) -> Response:
        """Give the page with what was typed; where it cannot be had either, what was typed by itself."""
        typed = Typed(
            act=act.name,
            key=wanted.fields.get(KEY_FIELD, ""),
            fields=wanted.fields,
            request_id=wanted.request_id if told and told.unknown else "",
        )
        try:
            return await self.show(request, typed, told)
        except grpc.RpcError as error:
            return self._kept(request, act, typed, told or not_shown(error))

    def _kept(self, request: Request, act: Act, typed: Typed, told: Told) -> Response:
        """Keep a form whose page cannot be shown: what was typed, and the id under which it may be done already."""
        fields = {name: value for name, value in typed.fields.items() if (name, value) != (SURE_FIELD, NOT_SURE)}
        fields[REQUEST_ID_FIELD] = typed.request_id or self.console.new_id("req")
        return self.console.rendering.page(
            request,
            "acting/kept.html",
            status=told.status,
            title=self.title,
            act=act,
            told=told,
            fields=sorted(fields.items()),
            written=[value for name, value in sorted(fields.items()) if name in WRITTEN and value.strip()],
            here=request.url.path.rpartition("/")[0],
        )


def by_name(acts: Sequence[Act]) -> Mapping[str, Act]:
    """Give acts by their names."""
    return {act.name: act for act in acts}
