"""What is new in a mail is the entry; what it quotes stays beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.conversations.quotes import without_quotes

LINES = st.sampled_from(
    [
        "Yes please.",
        "",
        "> old",
        ">> older",
        "On Monday Ben wrote:",
        "-----Original Message-----",
        "From: Ben",
        "Sent: x",
    ]
)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)


@pytest.mark.parametrize(
    "text",
    [
        "Blue, please.\n\nOn Mon, 2 Nov 2026 Shop <shop@example.com> wrote:\n\n> Which colour?\n> Blue or red?",
        "Blue, please.\n\nOn Mon, 2 Nov 2026 at 10:00, Shop\n<shop@example.com> wrote:\n> Which colour?",
        "Blue, please.\n\nAm Montag schrieb Shop:\n> Welche Farbe?",
        "Blue, please.\n\n-----Original Message-----\nFrom: Shop\nWhich colour?",
        "Blue, please.\n\nVon: Shop <shop@example.com>\nGesendet: Montag\nBetreff: Farbe\n\nWelche Farbe?",
        "Blue, please.\n> Which colour?\n",
    ],
)
def test_what_a_mail_quotes_is_cut_off(text: str) -> None:
    assert without_quotes(text) == "Blue, please."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday my husband wrote:\nwe keep it. Is that so?",
        "> Which colour?\nBlue.\n> Which size?\n39.",
        "From: here to the store it takes an hour.",
        "> All of it is quoted",
    ],
)
def test_words_that_are_new_stay(text: str) -> None:
    assert without_quotes(text) == text


@given(st.one_of(TEXTS, st.text(max_size=300)))
def test_it_is_the_beginning_of_the_text_and_never_nothing(text: str) -> None:
    new = without_quotes(text)
    assert text.strip().startswith(new)
    assert bool(new) == bool(text.strip())
