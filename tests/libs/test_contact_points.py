import pytest

from libs.contact_points import normal_email, normal_phone


@pytest.mark.parametrize("written", ["Maria@Example.com", " maria@example.com ", "MARIA@EXAMPLE.COM"])
def test_an_address_is_one_address_however_it_is_written(written: str) -> None:
    assert normal_email(written) == "maria@example.com"


@pytest.mark.parametrize("written", ["+41 44 668 18 00", "+41446681800", "+41 (0)44 668-18-00"])
def test_a_number_is_one_number_however_it_is_written(written: str) -> None:
    assert normal_phone(written) == "+41446681800"


@pytest.mark.parametrize("written", ["", "maria", "maria@", "@example.com", "maria@example", "a b@example.com"])
def test_what_is_no_address_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(ValueError, match=r"^no valid e-mail address$"):
        normal_email(written)


@pytest.mark.parametrize("written", ["", "044 668 18 00", "+41", "+41 12", "maria@example.com"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"^no telephone number"):
        normal_phone(written)
