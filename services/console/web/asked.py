"""What an address asks for, as far as it can be meant: anything else is as if it were not there, or a refusal."""

import re

from starlette.requests import Request

from libs.web.refusals import bad_request

MOST_TOKEN = 1024
NUMBER = re.compile(r"[0-9]{1,9}")


def asked_word(request: Request, name: str, pattern: re.Pattern[str]) -> str:
    """Give a word of the query; empty where there is none. Raises BAD_REQUEST where it has another form."""
    word = request.query_params.get(name, "").strip()
    if word and not pattern.fullmatch(word):
        raise bad_request()
    return word


def asked_number(request: Request, name: str) -> int:
    """Give a number of the query; 0 where there is none. Raises BAD_REQUEST where it is no number."""
    return int(asked_word(request, name, NUMBER) or 0)


def asked_page(request: Request) -> str:
    """Give which page is wanted; empty for the first. Raises BAD_REQUEST where that cannot be one."""
    token = request.query_params.get("page", "")
    if len(token) > MOST_TOKEN:
        raise bad_request()
    return token
