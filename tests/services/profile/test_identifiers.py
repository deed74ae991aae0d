import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contact_points import normal_email
from services.profile.identifiers import MAX_VALUE_BYTES, normal_identifier
from services.profile.model import Identifier, IdentifierKind
from services.profile.rules import DEFAULT_RULES

LOCAL_PARTS = st.text(alphabet="abcXYZ019.+_-äéÅ", min_size=1, max_size=20)
DOMAINS = st.sampled_from(["example.com", "EXAMPLE.com", "münchen.de", "xn--mnchen-3ya.de", "a.b.example.org"])
EMAILS = st.builds(
    lambda local, domain, space: f"{space}{local}@{domain}", LOCAL_PARTS, DOMAINS, st.sampled_from(["", " "])
)
PHONES = st.builds(
    lambda country, number, gap: f"+{country}{gap}{number}",
    st.sampled_from(["41", "49", "1", "44"]),
    st.integers(min_value=10**6, max_value=10**11),
    st.sampled_from(["", " ", "-"]),
)
SOCIAL = st.builds(
    lambda network, account: f"{network}:{account}",
    st.sampled_from(["Instagram", " x", "tik-tok"]),
    st.text(max_size=30),
)
VALUES = st.one_of(EMAILS, PHONES, SOCIAL, st.text(max_size=60))


def normal(kind: IdentifierKind, value: str) -> Identifier | None:
    try:
        return normal_identifier(kind, value, verified=True, rules=DEFAULT_RULES)
    except ValueError:
        return None


@settings(deadline=None)  # the machine may be busy with other things
@given(kind=st.sampled_from(IdentifierKind), value=VALUES)
def test_normalising_twice_changes_nothing(kind: IdentifierKind, value: str) -> None:
    once = normal(kind, value)
    if once is not None:
        assert normal(kind, once.value) == once
        assert once.key == f"{kind}:" + once.key.partition(":")[2]
        assert 0 < len(once.value.encode()) <= MAX_VALUE_BYTES


@settings(deadline=None)  # the machine may be busy with other things
@given(value=EMAILS)
def test_an_email_is_the_same_customer_in_whatever_case_it_is_written(value: str) -> None:
    once = normal(IdentifierKind.EMAIL, value)
    if once is not None:
        assert once.key == f"email:{normal_email(value)}"
        shouted = normal(IdentifierKind.EMAIL, value.upper())
        assert shouted is None or shouted.key == once.key or value.upper().lower() != value.lower()


def test_the_local_part_of_an_email_is_kept_as_it_is_written() -> None:
    identifier = normal_identifier(IdentifierKind.EMAIL, " Anna.Meier@Example.COM ", verified=True, rules=DEFAULT_RULES)
    assert identifier.value == "Anna.Meier@example.com"
    assert identifier.key == "email:anna.meier@example.com"


def test_a_phone_number_is_one_number_however_it_is_written() -> None:
    written = ("+41 44 668 18 00", "+41446681800", "+41-44-668-18-00", "+41 (0)44 668 18 00")
    assert {
        normal_identifier(IdentifierKind.PHONE, one, verified=True, rules=DEFAULT_RULES).key for one in written
    } == {"phone:+41446681800"}


def test_a_social_account_names_its_network_first() -> None:
    assert (
        normal_identifier(IdentifierKind.SOCIAL, "Instagram:Anna_M", verified=True, rules=DEFAULT_RULES).value
        == "instagram:Anna_M"
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (IdentifierKind.EMAIL, "anna"),
        (IdentifierKind.EMAIL, "anna@"),
        (IdentifierKind.EMAIL, "anna@nowhere"),
        (IdentifierKind.EMAIL, "two@at@example.com"),
        (IdentifierKind.PHONE, "044 668 18 00"),
        (IdentifierKind.PHONE, "+4"),
        (IdentifierKind.PHONE, "+41 44 668 18 00 00 00 00"),
        (IdentifierKind.SOCIAL, "anna"),
        (IdentifierKind.SOCIAL, ":anna"),
        (IdentifierKind.SOCIAL, "instagram:"),
        (IdentifierKind.LOYALTY_CARD, "   "),
        (IdentifierKind.COOKIE, "a\x00b"),
        (IdentifierKind.COOKIE, "ä" * 200),
        (IdentifierKind.DEVICE, "\n"),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_without_repeating_it(kind: IdentifierKind, value: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z0-9 :-]+$") as refusal:
        normal_identifier(kind, value, verified=True, rules=DEFAULT_RULES)
    assert value.strip() == "" or value not in str(refusal.value)


def test_possession_identifies_unproven_and_everything_else_only_when_proven() -> None:
    for kind, value in (
        (IdentifierKind.EMAIL, "anna@example.com"),
        (IdentifierKind.PHONE, "+41446681800"),
        (IdentifierKind.LOYALTY_CARD, "1234"),
        (IdentifierKind.SOCIAL, "x:anna"),
    ):
        assert not normal_identifier(kind, value, verified=False, rules=DEFAULT_RULES).identifies
        assert normal_identifier(kind, value, verified=True, rules=DEFAULT_RULES).makes_known
    for kind in (IdentifierKind.COOKIE, IdentifierKind.DEVICE):
        assert normal_identifier(kind, "abc", verified=False, rules=DEFAULT_RULES).identifies
        assert not normal_identifier(kind, "abc", verified=True, rules=DEFAULT_RULES).makes_known
