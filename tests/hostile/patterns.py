"""Shortest texts that fit a pattern of the contract."""

import re._constants as regex_constants  # type: ignore[import-not-found]  # as `re._parser`
import re._parser as regex_parser  # type: ignore[import-not-found]  # patterns as trees, which only Python's own has
from functools import cache
from typing import Any


@cache
def fitting(pattern: str) -> str:
    """Give a short text that fits. Raises ValueError for what this does not know how to fit."""
    return "".join(_of(step, argument) for step, argument in regex_parser.parse(pattern))


def _of(step: Any, argument: Any) -> str:  # of Python's own types, which have no stubs
    match step:
        case regex_constants.LITERAL:
            return chr(argument)
        case regex_constants.IN:
            return _first_of(argument)
        case regex_constants.ANY:
            return "a"
        case regex_constants.MAX_REPEAT | regex_constants.MIN_REPEAT:
            least, _most, inner = argument
            return "".join(_of(*one) for one in inner) * int(least)
        case regex_constants.SUBPATTERN:
            return "".join(_of(*one) for one in argument[-1])
        case regex_constants.BRANCH:
            return "".join(_of(*one) for one in argument[1][0])
        case regex_constants.AT:
            return ""
    raise ValueError(f"{step}")


def _first_of(choices: Any) -> str:  # as above
    kind, argument = choices[0]
    if kind is regex_constants.NEGATE:
        return next(one for one in "aA0_-" if not _has(choices[1:], one))
    return chr(argument) if kind is regex_constants.LITERAL else chr(argument[0])


def _has(choices: Any, character: str) -> bool:  # as above
    return any(_is(kind, argument, character) for kind, argument in choices)


def _is(kind: Any, argument: Any, character: str) -> bool:  # as above
    if kind is regex_constants.LITERAL:
        return ord(character) == int(argument)
    if kind is regex_constants.RANGE:
        return int(argument[0]) <= ord(character) <= int(argument[1])
    return False  # a category: none that the contract excludes has letters or digits
