"""What can be missed, and what customers are told of by themselves: which campaign says what, and on what occasion."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.messaging.campaigns.values import TriggerKind
from services.messaging.values import Message


@dataclass(frozen=True, slots=True)
class Matter:
    """Something of which customers are told by themselves: what for, from which templates, and by which campaign."""

    campaign_id: str
    purpose: str
    template_ids: tuple[str, ...]
    """In the order of its steps."""
    trigger_kind: TriggerKind
    is_active: bool = True
    """Whether anybody can enter the campaign."""


Matters = Callable[[], Awaitable[Sequence[Matter]]]
"""Gives all of them, also of campaigns that are paused or over."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What did not come: exactly one of these is named."""

    purpose: str = ""
    campaign_id: str = ""
    template_id: str = ""

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.purpose or self.campaign_id or self.template_id

    def is_about(self, matter: Matter) -> bool:
        """Say whether it is something of which customers are told by themselves."""
        if self.campaign_id:
            return matter.campaign_id == self.campaign_id
        return matter.purpose == self.purpose if self.purpose else self.template_id in matter.template_ids

    def is_meant(self, message: Message) -> bool:
        """Say whether a message is one of those."""
        if self.campaign_id:
            return message.campaign is not None and message.campaign.campaign_id == self.campaign_id
        return message.purpose == self.purpose if self.purpose else message.template_id == self.template_id
