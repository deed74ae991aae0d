"""What becomes of a message that was judged, and by what."""

from dataclasses import dataclass

from services.messaging.deciding.judgement import Judgement
from services.messaging.deciding.last_look import LastLook
from services.messaging.deciding.verdicts import Wait
from services.messaging.texts.templates import Rendered
from services.messaging.values import Content, DeliveryKind, MessageState, Reason


@dataclass(frozen=True, slots=True)
class Ready:
    """It may go, and this is what goes."""

    kind: DeliveryKind
    address: str
    """Empty for the inbox."""
    rendered: Rendered
    subject: str
    """What is kept of the subject."""
    content: Content
    """What is kept of the text, among others."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of a mail, beside those that every mail has."""
    brand: str = ""
    """Whose message it is; empty where there is one brand only."""
    last_look: LastLook | None = None
    """To be taken as the last thing before the text leaves; None for what needs no consent."""


@dataclass(frozen=True, slots=True)
class End:
    """It does not go."""

    as_state: MessageState
    reason: Reason


@dataclass(frozen=True, slots=True)
class Away:
    """A service did not answer: nothing can be decided now."""

    source: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What becomes of a message now, and the judgement to be kept with it."""

    outcome: Ready | Wait | End | Away
    judgement: Judgement
