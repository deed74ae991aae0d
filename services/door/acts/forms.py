"""The forms on our pages.

The token in the address is what entitles: it is in one person's mail, and in no cookie, so another site can neither
know nor send it for them. That a POST comes from our form is checked all the same, by a field that says which: a
stray POST (a form of another page, a tool that repeats addresses) does nothing.
"""

from collections.abc import Collection

from libs.web.bodies import Fields, one
from libs.web.refusals import bad_request

FORM = "form"


def form_of(fields: Fields, known: Collection[str]) -> str:
    """Say which of the known forms this is. Raises BAD_REQUEST where it is none."""
    name = one(fields, FORM)
    if name not in known:
        raise bad_request()
    return name
