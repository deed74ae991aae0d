"""Liquid within limits: whoever writes a template can neither stop the service nor read what it may not.

A name that is not declared is refused when the template is put, and ends the rendering should one be met there.
There are no ranges, includes, dates or searching filters: each of them can make much out of little.
A text has at most `MOST_PARTS` parts, and its loops together run only so often that no text takes more than
`MOST_STEPS` steps; what a filter takes or gives is at most `MOST_FILTER_CHARACTERS` long.
Tags that are not closed never reach Liquid's lexer, which took five minutes over 60,000 opening braces.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from liquid import BoundTemplate, Environment, Node, RenderContext, StrictUndefined
from liquid.builtin import content, illegal, output, tags
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.filters import math as numbers
from liquid.builtin.filters import misc, string
from liquid.exceptions import (
    FilterValueError,
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
)
from liquid.expression import Expression
from liquid.static_analysis import Segments

MOST_TAG_CHARACTERS = 1000
MOST_PARTS = 500
MOST_STEPS = 100_000
MOST_NESTING = 20
MOST_OUTPUT_BYTES = 131_072
MOST_LOCAL_CHARACTERS = 65_536
MOST_FILTER_CHARACTERS = 4096
MOST_FILTER_BITS = 64

MOST_SAID_CHARACTERS = 200

FAULTS = (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError)
OPENING = re.compile(r"\{[{%]")
CLOSING = {"{{": "}}", "{%": "%}"}

Names = Mapping[str, "Names | None"]
"""What a text may name: a name leads to the names below it, or to None where it is a value.
A list is written as the names `first`, `last` and `size`; its members are reached by a loop."""

TAGS = (
    tags.if_tag.IfTag,
    tags.unless_tag.UnlessTag,
    tags.case_tag.CaseTag,
    tags.for_tag.ForTag,
    tags.for_tag.BreakTag,
    tags.for_tag.ContinueTag,
    tags.assign_tag.AssignTag,
    tags.capture_tag.CaptureTag,
    tags.comment_tag.CommentTag,
    tags.inline_comment_tag.InlineCommentTag,
    tags.echo_tag.EchoTag,
)
# `safe` is left out with the rest: it would take a customer's words for HTML.
FILTERS: dict[str, Callable[..., Any]] = {
    "append": string.append,
    "at_least": numbers.at_least,
    "at_most": numbers.at_most,
    "capitalize": string.capitalize,
    "default": misc.default,
    "divided_by": numbers.divided_by,
    "downcase": string.downcase,
    "escape": string.escape,
    "lstrip": string.lstrip,
    "minus": numbers.minus,
    "modulo": numbers.modulo,
    "newline_to_br": string.newline_to_br,
    "plus": numbers.plus,
    "prepend": string.prepend,
    "round": numbers.round_,
    "rstrip": string.rstrip,
    "size": misc.size,
    "strip": string.strip,
    "strip_newlines": string.strip_newlines,
    "times": numbers.times,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_encode": string.url_encode,
}


class TextFault(Exception):
    """A text does not compile, names what it may not, or goes beyond a limit. Holds no value of any customer."""


class Text:
    """One text of a template, compiled and checked."""

    def __init__(self, template: BoundTemplate) -> None:
        self._template = template

    @property
    def roots(self) -> frozenset[str]:
        """The names at the beginning of what the text uses: which data it needs."""
        return frozenset(self._template.analyze(include_partials=False).globals)

    @property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """The names of what the text uses, two levels of them: `("voice", "greeting")`."""
        used = self._template.analyze(include_partials=False).globals.values()
        return frozenset(tuple(str(name) for name in path.segments[:2]) for paths in used for path in paths)

    def render(self, data: Mapping[str, object]) -> str:
        """Give the text with a customer's data put in; blocks for tenths of a second at worst. Raises TextFault."""
        try:
            return self._template.render(data)
        except FAULTS as error:
            raise TextFault(_kind(error)) from None  # the original's words may repeat a customer's

    def rehearse(self, data: Mapping[str, object]) -> None:
        """Render with invented data, so that what is wrong can be told in full. Raises TextFault."""
        try:
            self._template.render(data)
        except FAULTS as error:
            raise TextFault(_words(error)) from None


def plain_text(source: str, names: Names) -> Text:
    """Compile a text whose values are put in as they are. Raises TextFault."""
    return _compile(_PLAIN, source, names)


def html_text(source: str, names: Names) -> Text:
    """Compile a text whose values are escaped for HTML. Raises TextFault."""
    return _compile(_HTML, source, names)


def _compile(environment: Environment, source: str, names: Names) -> Text:
    _check_tags(source)
    try:
        template = environment.from_string(source)
        parts = sum(1 for _ in _parts(template))
    except FAULTS as error:
        raise TextFault(_words(error)) from None
    if parts > MOST_PARTS:
        raise TextFault(f"it has more than {MOST_PARTS} parts")
    if isinstance(template, _Template):
        template.most_iterations = MOST_STEPS // max(parts, 1)
    for paths in template.analyze(include_partials=False).globals.values():
        for path in paths:
            _check_path(path.segments, names)
    return Text(template)


def _check_tags(source: str) -> None:
    """Look at every tag once, from its opening to its closing."""
    count, end = 0, 0
    while opening := OPENING.search(source, end):
        start = opening.end()
        end = source.find(CLOSING[opening[0]], start, start + MOST_TAG_CHARACTERS)
        if end < 0:
            raise TextFault(f"a tag is not closed within {MOST_TAG_CHARACTERS} characters")
        if OPENING.search(source, start, end):
            raise TextFault("a tag is opened within a tag")
        count, end = count + 1, end + 2
        if count > MOST_PARTS:
            raise TextFault(f"it has more than {MOST_PARTS} parts")


def _check_path(segments: Segments, names: Names) -> None:
    below: Names | None = names
    for position, segment in enumerate(segments):
        if not isinstance(segment, str):
            raise TextFault("a name is computed; write it out")
        if below is None or segment not in below:
            raise TextFault(f"`{'.'.join(str(name) for name in segments[: position + 1])}` is not declared")
        below = below[segment]


def _parts(template: BoundTemplate) -> Iterator[Node | Expression]:
    """Walk over all that can be evaluated: nodes, and the expressions in them with their filters' arguments."""
    context = RenderContext(template)
    waiting: list[Node | Expression] = list(template.nodes)
    while waiting:
        part = waiting.pop()
        if isinstance(part, RangeLiteral):
            raise TextFault("ranges are not taken")
        yield part
        if isinstance(part, Node):
            waiting += part.children(context, include_partials=False)
            waiting += part.expressions()
        else:
            waiting += part.children()
            yield from getattr(part, "filters", None) or ()


def _kind(error: BaseException) -> str:
    """Say what is wrong without repeating the source or a value."""
    place = error.context() if isinstance(error, LiquidError) and error.token is not None else None
    return f"line {place[0]}: {type(error).__name__}" if place else type(error).__name__


def _words(error: BaseException) -> str:
    """Say what is wrong to whoever wrote the source."""
    if not isinstance(error, LiquidError) or not error.args:
        return _kind(error)
    said = str(error.args[0])[:MOST_SAID_CHARACTERS]
    return f"{_kind(error)}, {said}"


class _Context(RenderContext):
    """Counts what stock limits do not: loops one after the other, and what names hold together."""

    _iterations = 0
    _held_characters = 0

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self._iterations += length
        if not isinstance(self.template, _Template) or self._iterations > self.template.most_iterations:
            raise LoopIterationLimitError("the loops run too often", token=None)

    def assign(self, key: str, val: Any) -> None:  # noqa: ANN401  as in the original
        self._held_characters += _characters(val) - _characters(self.locals.get(key))
        if self._held_characters > MOST_LOCAL_CHARACTERS:
            raise LocalNamespaceLimitError("the names hold too much", token=None)
        self.locals[key] = val


class _Template(BoundTemplate):
    context_class = _Context
    most_iterations = 0


class _Environment(Environment):
    block_nesting_limit = MOST_NESTING
    context_depth_limit = MOST_NESTING + 10
    output_stream_limit = MOST_OUTPUT_BYTES
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002  as in the original
        for tag in (content.Literal, output.Output, illegal.Illegal, *TAGS):
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, _bounded(function))


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse what is too long on either side of a filter, before it is worked on."""

    @functools.wraps(function)
    def bounded(*values: Any, **named: Any) -> Any:  # noqa: ANN401  filters take what templates hold
        _check_sizes(values)
        result = function(*values, **named)
        _check_sizes((result,))
        return result

    return bounded


def _check_sizes(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, str) and len(value) > MOST_FILTER_CHARACTERS:
            raise FilterValueError("a value is too long for a filter", token=None)
        if isinstance(value, int) and value.bit_length() > MOST_FILTER_BITS:
            raise FilterValueError("a number is too large for a filter", token=None)


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    return len(value) if isinstance(value, Sequence) else 1


_PLAIN = _Environment(undefined=StrictUndefined)
_HTML = _Environment(undefined=StrictUndefined, autoescape=True)
