"""What a press behind a link does where a customer has said more than there is room for."""

from datetime import UTC, datetime

from libs.origin import Origin
from libs.purposes import Purpose, purpose_table
from omnithread.common.v1 import channel_pb2, delivery_pb2
from services.preference.links.model import ROOM_FOR_NOES, Choice, Choices, Page, save, unsubscribe
from services.preference.links.standing import state_at
from services.preference.links.tokens import Link, LinkKind
from services.preference.model import Act, Change, Statement, set_consent
from services.preference.values import GRANTED, REVOKED, ConsentKey, Preferences

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
EMAIL = delivery_pb2.DELIVERY_KIND_EMAIL
KEY = ConsentKey("newsletter", EMAIL, "anna@example.com")
ACT = Act(Origin("public-pages", channel_pb2.CHANNEL_KIND_WEB), NOON, NOON)
PAGE = Page("No more", "1", "page")


def with_much_said() -> Preferences:
    """Several customers who said much, and are one now: there is a yes to newsletters to every address."""
    said = Preferences()
    for number in range(ROOM_FOR_NOES):
        key = ConsentKey("newsletter" if number == 0 else f"purpose_{number}", EMAIL, "")
        statement = Statement(key, GRANTED, "Yes", "1", "page")
        said = set_consent(said, statement, act=ACT, record_id=f"con_{number}", max_consents=1000).state
    return said


def link(kind: LinkKind) -> Link:
    return Link(kind=kind, customer_id="cus_anna", key=KEY, expire_time=NOON)


def test_a_no_behind_a_link_always_ends_what_comes() -> None:
    changes: list[Change] = [
        unsubscribe(with_much_said(), link(LinkKind.UNSUBSCRIBE), PAGE, act=ACT, record_ids=str),
        save(
            with_much_said(),
            link(LinkKind.PREFERENCES),
            Choices(choices=(Choice("newsletter", EMAIL, granted=False),)),
            PAGE,
            purposes=purpose_table(Purpose("newsletter", is_transactional=False)),
            act=ACT,
            record_ids=str,
        ),
    ]
    for change in changes:
        assert state_at(change.state, KEY) == REVOKED
        assert len(change.state.consents) == ROOM_FOR_NOES
