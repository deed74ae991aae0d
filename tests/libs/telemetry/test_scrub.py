"""What an exception may say of itself."""

import pytest

from libs.telemetry.scrub import described, safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("invalid literal for int() with base 10: 'Anna'", "invalid literal for int() with base 10: …"),
        ('E11000 duplicate key: { value: "anna@example.com" }', "E11000 duplicate key: …"),
        ("no mailbox for anna@example.com here", "no mailbox for … here"),
        ("cannot ring +49 170 1234567 now", "cannot ring … now"),
        ("cannot ring +49 (0)170-123 45 67 now", "cannot ring … now"),
        ("list ['a', 'b'] has no index", "list … has no index"),
        ("timed out after 30 s", "timed out after 30 s"),
    ],
)
def test_values_are_cut_out(text: str, safe: str) -> None:
    assert safe_text(ValueError(text)) == safe


def test_a_missing_key_is_not_named() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["anna@example.com"]
    assert described(caught.value)["exception_text"] == "…"


def test_a_long_text_is_cut_off() -> None:
    assert len(safe_text(ValueError("x" * 10_000))) == 300
