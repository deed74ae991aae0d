"""In which language a page is: what the link says, else what the browser asks for, else the company's. Pure."""

LANGUAGES = ("en", "de")
MOST_HEADER_CHARACTERS = 500
MOST_RANGES = 20


def page_language(*, of_link: str, accept_language: str, default: str) -> str:
    """Give one of our languages."""
    known = _known(of_link)
    return known or _accepted(accept_language) or default


def _known(tag: str) -> str:
    """Give our language for a tag such as `de-AT`; empty where we have none."""
    primary = tag.strip().partition("-")[0].lower()
    return primary if primary in LANGUAGES else ""


def _accepted(header: str) -> str:
    best, best_weight = "", 0.0
    for item in header[:MOST_HEADER_CHARACTERS].split(",")[:MOST_RANGES]:
        tag, _, parameter = item.partition(";")
        weight = _weight(parameter)
        if weight > best_weight and (known := _known(tag)):
            best, best_weight = known, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0
