"""Why a page is not shown, in words: what the suite answered, as a refusal with a page of its own. Pure."""

from dataclasses import dataclass

import grpc

from libs.web.refusals import Refused, service_away
from omnithread import details_of

AWAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})
GONE = frozenset({"CUSTOMER_ERASED"})
TOO_MUCH = "TOO_MUCH"
STATUS = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAUTHENTICATED: 502,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}
TITLES = {
    400: "That cannot be done like this",
    401: "Please sign in",
    403: "You may not do that",
    404: "There is nothing here",
    405: "This page cannot be used like that",
    408: "That took too long",
    409: "That is not possible now",
    410: "Nothing is kept here any more",
    413: "That is too much at once",
    414: "This address is too long",
    415: "That was no form of ours",
    421: "This is another address",
    429: "A moment, please",
    500: "Something went wrong here",
    501: "The suite does not know this yet",
    502: "The suite does not know the console",
    503: "A part of the suite does not answer",
}
WORDS = {
    "UNKNOWN": "The address does not lead to anything. Maybe it was copied without its end.",
    "NOT_SIGNED_IN": "You are not signed in, or were away for too long. Open your sign-in link, or ask for a new one.",
    "LINK_USED": "This sign-in link is not good: it works once, for a quarter of an hour. Ask for a new one.",
    "NOT_FROM_HERE": "The form did not come from a page of the console, or from one that was open for too long. "
    "Nothing was done. Go back, load the page again, and send it once more.",
    "OTHER_HOST": "The console does not answer under this name.",
    "TOO_MANY": "There were many requests in a short time. Wait a moment, and try again.",
    "TOO_MANY_LIVE": "Too many pages are open at once. Close some, and load this one again.",
    "AWAY": "A service did not answer in time. Nothing is known to have been done. Try again in a moment.",
    "INTERNAL": "This is our fault, and it has been noted. Trying again may help.",
    "BAD_REQUEST": "The form could not be read. Nothing was done.",
    "TOO_LARGE": "The form is larger than anything that is asked for here. Nothing was done.",
    "TOO_SLOW": "The form did not arrive in time. Nothing was done.",
    "WRONG_METHOD": "This address shows something, or does something, but not both.",
    "CUSTOMER_NOT_FOUND": "There is no such customer. They may have been forgotten at their own wish.",
    "CAMPAIGN_NOT_FOUND": "There is no such campaign, or not in this version.",
    "OFFER_NOT_FOUND": "There is no such offer, or not in this version.",
    "TEMPLATE_NOT_FOUND": "There is no such template.",
    "TEMPLATE_VERSION_NOT_FOUND": "This version of the template is not kept: the newest hundred are.",
    "BRAND_NOT_FOUND": "There is no such brand.",
    "PURPOSE_UNKNOWN": "There is no such purpose. Messages are sent for those that the installation was told.",
    "DEAD_LETTER_NOT_FOUND": "There is no such message that could not be sent. They are kept for 90 days.",
    "QUEUE_FULL": "Too many messages wait for this customer already. Nothing was queued.",
    "PAGE_TOKEN_INVALID": "This page of the list is not there any more. Begin with the first.",
    "CUSTOMER_ERASED": "This customer was forgotten at their own wish. Nothing of them is kept.",
    TOO_MUCH: "The suite takes no more of this for now. Nothing was done.",
    "IDENTIFIER_INVALID": "This is no identifier as we keep them.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What a page of a failure says."""

    status: int
    title: str
    words: str
    reason: str
    """As docs/errors.md has it, for whoever is asked for help."""


def failure_of(refused: Refused) -> Failure:
    """Say it for a refusal of the console itself."""
    return Failure(refused.status, _title(refused.status), WORDS.get(refused.reason, ""), refused.reason)


def refusal_of(error: grpc.RpcError) -> tuple[Failure, Refused]:
    """Say it for what the suite answered. Its words for developers are not shown: they may name more than needed."""
    details = details_of(error)
    reason = details.reason or details.code.name
    if details.code in AWAY:
        return Failure(503, _title(503), WORDS["AWAY"], reason), service_away()
    status = 410 if details.reason in GONE else STATUS.get(details.code, 500)
    words = WORDS.get(details.reason) or (WORDS[TOO_MUCH] if status == 429 else "")
    return Failure(status, _title(status), words, reason), Refused(status, reason)


def _title(status: int) -> str:
    return TITLES.get(status, "That did not work")


def not_signed_in() -> Refused:
    """Refuse somebody whom we do not know."""
    return Refused(401, "NOT_SIGNED_IN")


def link_not_good() -> Refused:
    """Refuse a sign-in link that is none, has expired, or was used; told alike."""
    return Refused(403, "LINK_USED")


def not_from_here() -> Refused:
    """Refuse a form that was not sent from a page of this session."""
    return Refused(403, "NOT_FROM_HERE")


def other_host() -> Refused:
    """Refuse a request for a name that is not ours."""
    return Refused(421, "OTHER_HOST")


def nothing_here() -> Refused:
    """Refuse an address that leads nowhere."""
    return Refused(404, "UNKNOWN")
