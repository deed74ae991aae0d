"""Looks through the HTML of a mail before it goes out: pure.

Values are escaped where they are put in; what is left is where an address that somebody gave stands in an attribute,
and what the writer of a template should not have written.
"""

import html
import re

INVISIBLE = re.compile(r"[\x00-\x1f\x7f\u200b\u200c\u200d\ufeff]+")
SCRIPTS = re.compile(
    r"(?:href|src|action|formaction|background|poster|srcset|data|cite|longdesc)\s*=\s*[\"']?\s*"
    r"(?:javascript|vbscript|data|file|blob|about|filesystem|view-source)\s*:",
    re.IGNORECASE,
)
STYLED = re.compile(r"url\(\s*[\"']?\s*(?:javascript|vbscript|data)\s*:|expression\(|@import", re.IGNORECASE)
ELEMENTS = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|form|base|applet|frame|frameset|svg|math)\b", re.IGNORECASE
)
HANDLERS = re.compile(r"<[a-z][^<>]*[\s\"'/]on[a-z]+\s*=", re.IGNORECASE)
REFRESH = re.compile(r"http-equiv\s*=\s*[\"']?\s*refresh", re.IGNORECASE)


def fault_in(source: str) -> str:
    """Say what a mail may not have in its HTML; empty where there is nothing of the kind. Takes linear time."""
    visible = INVISIBLE.sub(" ", source)
    if element := ELEMENTS.search(visible):
        return f"a mail has no <{element[1].lower()}>"
    if HANDLERS.search(visible):
        return "a mail has no event handlers"
    if REFRESH.search(visible):
        return "a mail leads nowhere by itself"
    read = INVISIBLE.sub("", html.unescape(source))
    if SCRIPTS.search(read) or STYLED.search(read):
        return "an address is none of the web"
    return ""
