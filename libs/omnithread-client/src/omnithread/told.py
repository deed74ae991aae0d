"""What a visit was told is saved, so that a context from a moment ago, which costs next to nothing, holds all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from google.protobuf.message import Message

from omnithread.context_token import MOST_POSITIONS, context_token, read_context_token

MOST_CUSTOMERS = 16
TOO_MUCH = "too-much"
"""The text of a visit that was told more than can be handed over."""


class Told:
    """How far a visit knows its customers' records to have come: grows with every answer, and is never more than 10 KB.

    Its `text` is to be kept with the visit where several processes serve its requests: `Told(text)` goes on with it.
    """

    def __init__(self, text: str = "") -> None:
        """Begin with nothing, or with the text of an earlier one."""
        self._seqs: dict[str, dict[str, int]] = {}
        self._too_much = text == TOO_MUCH
        for token in text.split():
            self._take(token)

    @property
    def tokens(self) -> tuple[str, ...] | None:
        """What a request hands over as `at_least`; None for more than can be: then only the newest context will do."""
        if self._too_much:
            return None
        return tuple(context_token(customer_id, seqs.items()) for customer_id, seqs in self._seqs.items())

    @property
    def text(self) -> str:
        """All of it, to be kept with the visit."""
        tokens = self.tokens
        return TOO_MUCH if tokens is None else " ".join(tokens)

    def note(self, answer: Message) -> None:
        """Take in an answer: of a write its head, of a context its token."""
        fields = answer.DESCRIPTOR.fields_by_name
        if "head" in fields and answer.HasField("head"):
            self._take(answer.head.token)  # type: ignore[attr-defined]  # the descriptor has it
        elif "token" in fields and "context" in fields:
            self._take(answer.token)  # type: ignore[attr-defined]

    def _take(self, token: str) -> None:
        try:
            told = read_context_token(token)
        except ValueError:
            return  # a service of another version says it otherwise
        if told.customer_id not in self._seqs and len(self._seqs) >= MOST_CUSTOMERS:
            self._too_much = True
            return
        seqs = self._seqs.setdefault(told.customer_id, {})
        for epoch, seq in told.seqs.items():
            if epoch not in seqs and len(seqs) >= MOST_POSITIONS:
                self._too_much = True
                return
            seqs[epoch] = max(seq, seqs.get(epoch, 0))


_current: ContextVar[Told | None] = ContextVar("omnithread_told", default=None)


def note_answer(answer: Message) -> None:
    """Let the visit to which the running code belongs know of an answer."""
    told = _current.get()
    if told is not None:
        told.note(answer)


def current_tokens() -> tuple[str, ...] | None:
    """What the visit to which the running code belongs was told; None for more than can be handed over."""
    told = _current.get()
    return () if told is None else told.tokens


@contextmanager
def noting(told: Told) -> Iterator[None]:
    """Note what calls made inside are told, in this task and in those that it starts."""
    token = _current.set(told)
    try:
        yield
    finally:
        _current.reset(token)
