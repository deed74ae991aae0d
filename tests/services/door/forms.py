"""Reads forms of a page as a browser would send them."""

from html.parser import HTMLParser

Pairs = list[tuple[str, str]]


class Forms(HTMLParser):
    """All forms of a page by their `form` field, each with what is sent where nobody touches it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, Pairs] = {}
        self._pairs: Pairs = []
        self._select = ""
        self._choices: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._pairs = []
        elif tag == "input" and "name" in given:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._pairs.append((given["name"], given["value"]))
        elif tag == "select":
            self._select, self._choices = given["name"], []
        elif tag == "option":
            self._choices.append((given["value"], "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            chosen = [value for value, selected in self._choices if selected] or [self._choices[0][0]]
            self._pairs.append((self._select, chosen[0]))
        elif tag == "form":
            self.found[dict(self._pairs)["form"]] = self._pairs


def fields_of(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    """Give what the door reads of them."""
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    return fields
