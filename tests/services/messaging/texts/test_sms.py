import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.texts.sms import BASIC, EXTENSION, OF_SEVERAL, ONE_SEGMENT, Encoding, simpler, size_of

GSM = st.text(alphabet=st.sampled_from(sorted(BASIC | EXTENSION)), max_size=700)
ANY = st.text(max_size=400)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM7", 0, 1),
        ("a" * 160, "GSM7", 160, 1),
        ("a" * 161, "GSM7", 161, 2),
        ("a" * 306, "GSM7", 306, 2),
        ("a" * 307, "GSM7", 307, 3),
        ("€" * 80, "GSM7", 160, 1),
        ("a" * 159 + "€", "GSM7", 161, 2),
        ("a" * 152 + "€" + "b" * 152, "GSM7", 306, 3),
        ("ç", "UCS2", 1, 1),
        ("Ω" * 160, "GSM7", 160, 1),
        ("ы" * 70, "UCS2", 70, 1),
        ("ы" * 71, "UCS2", 71, 2),
        ("😀" * 35, "UCS2", 70, 1),
        ("😀" * 67, "UCS2", 134, 3),
    ],
)
def test_an_sms_is_charged_by_its_segments(text: str, encoding: str, units: int, segments: int) -> None:
    size = size_of(text)
    assert (size.encoding, size.unit_count, size.segment_count) == (encoding, units, segments)


def test_the_tables_of_gsm_have_their_sizes() -> None:
    assert (len(BASIC), len(EXTENSION)) == (127, 10)  # 128 places, one of which leads to the extension


@given(ANY)
def test_segments_have_room_for_all_and_none_is_nearly_empty(text: str) -> None:
    size = size_of(text)
    room = OF_SEVERAL[size.encoding]
    if size.segment_count == 1:
        assert size.unit_count <= ONE_SEGMENT[size.encoding]
    else:
        assert size.unit_count > ONE_SEGMENT[size.encoding]
        assert size.unit_count <= size.segment_count * room
        assert size.unit_count > (size.segment_count - 1) * (room - 1)


@given(GSM, GSM)
def test_more_text_is_never_charged_less(text: str, more: str) -> None:
    assert size_of(text + more).segment_count >= size_of(text).segment_count


@given(ANY)
def test_one_other_character_makes_all_of_it_wide(text: str) -> None:
    assert size_of(text + "ы").encoding is Encoding.UCS2
    assert size_of(text).unit_count <= 2 * len(text)


def test_typography_does_not_halve_what_fits() -> None:
    written = "1’234.50\u00a0€ – „so“ …"
    assert size_of(written).encoding is Encoding.UCS2
    assert (simpler(written), size_of(simpler(written)).encoding) == ('1\'234.50 € - "so" ...', "GSM7")
