"""Cuts off what a mail quotes of earlier ones, by a simple rule. Pure; the whole text is kept beside the entry.

What stands above the first sign of a quoted mail is new. Signs are: a line by which a program announces the quote ("On
Monday Ben wrote:"), a separator ("-----Original Message-----", or a header block of From, Sent and Subject), and lines
with `>` where only such lines follow. Answers between quoted lines are new too, so there the quotes stay.
"""

import re

MAX_LINES = 2000
"""What follows is cut off without being looked at."""
MAX_ANNOUNCEMENT_CHARACTERS = 300
_ANNOUNCING = ("wrote", "schrieb", "geschrieben", "écrit", "scritto", "escribió", "schreef")
_ANNOUNCEMENT_BEGINS = ("on ", "am ", "le ", "il ", "el ", "op ", "vom ")
_SEPARATORS = re.compile(
    r"-{2,} ?(original message|ursprüngliche nachricht|message d'origine|messaggio originale|"
    r"forwarded message|weitergeleitete nachricht) ?-{2,}|_{20,}",
)
_HEADERS = (("from:", "von:", "de :", "de:", "da:"), ("sent:", "gesendet:", "date:", "datum:", "envoyé :", "envoyé:"))


def without_quotes(text: str) -> str:
    """Give what is new in a mail's text; the whole where nothing else is left. Takes time in proportion to it."""
    lines = text.split("\n")[:MAX_LINES]
    quoted_from = _trailing_quote(lines)
    end = next((at for at in range(quoted_from) if _ends_at(lines, at, quoted_from)), quoted_from)
    return "\n".join(lines[:end]).strip() or "\n".join(lines).strip()


def _trailing_quote(lines: list[str]) -> int:
    """Give where the lines with `>` begin after which only such lines follow."""
    begin = len(lines)
    while begin and (not lines[begin - 1].strip() or lines[begin - 1].lstrip().startswith(">")):
        begin -= 1
    return begin


def _ends_at(lines: list[str], at: int, quoted_from: int) -> bool:
    """Say whether all from this line on is a quoted mail."""
    line = lines[at].strip().lower()
    if not line or len(line) > MAX_ANNOUNCEMENT_CHARACTERS:
        return False
    if _SEPARATORS.fullmatch(line):
        return True
    if line.startswith(_HEADERS[0]):
        return any(other.strip().lower().startswith(_HEADERS[1]) for other in lines[at + 1 : at + 4])
    return quoted_from - at <= 2 and quoted_from < len(lines) and _announces(line, lines[at + 1 : quoted_from])


def _announces(line: str, following: list[str]) -> bool:
    """Say whether it is a line such as `On Monday Ben wrote:`, which programs break into two where it is long."""
    whole = " ".join([line, *(other.strip().lower() for other in following)]).strip()
    return line.startswith(_ANNOUNCEMENT_BEGINS) and whole.endswith(":") and any(word in whole for word in _ANNOUNCING)
