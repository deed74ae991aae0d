from dataclasses import replace
from typing import Any

import pytest

from services.messaging.texts.brands import Brand, BrandTexts, Colours, brand_faults
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.snippets import OUR_NAMES, render_snippet
from services.messaging.texts.voice import brand_data, known_names, look_of, voice_data
from tests.services.messaging.texts.telling import HOUSE

ANNA = {"customer": {"given_name": "Anna", "family_name": None}}
GERMAN = HOUSE.texts[1]


def saying(*snippets: tuple[str, str], language: str = "de", **fields: Any) -> Brand:
    return replace(HOUSE, texts=(BrandTexts(language, snippets=snippets, **fields),))


@pytest.mark.parametrize(
    ("brand", "place"),
    [
        (replace(HOUSE, name=" "), "brand.name"),
        (replace(HOUSE, name="Haus\r\nBcc: x@example.com"), "brand.name"),
        (replace(HOUSE, logo_uri="javascript:alert(1)"), "brand.logo_uri"),
        (replace(HOUSE, home_uri="http://shop.example"), "brand.home_uri"),
        (replace(HOUSE, default_language="fr"), "brand.default_language"),
        (replace(HOUSE, texts=(GERMAN, GERMAN)), "brand.texts[1]"),
        (replace(HOUSE, colours=Colours(text="#999999")), "brand.colours.text"),
        (replace(HOUSE, colours=Colours(primary="#ffee00")), "brand.colours.on_primary"),
        (replace(HOUSE, colours=Colours(primary="red;}body{x:")), "brand.colours.primary"),
        (saying(("greeting", "{{ cart.total }}")), "brand.texts[0].snippets[0].text"),
        (saying(("greeting", "{{ voice.greeting }}")), "brand.texts[0].snippets[0].text"),
        (saying(("greeting", "{{ voice.closing }}"), ("closing", "x")), "brand.texts[0].snippets[0].text"),
        (saying(("greeting", "{% for a in customer %}{% endfor %}{{")), "brand.texts[0].snippets[0].text"),
        (saying(("greeting", "x"), ("greeting", "y")), "brand.texts[0].snippets[1].name"),
    ],
)
def test_each_fault_of_a_brand_is_named_by_its_place(brand: Brand, place: str) -> None:
    assert [fault.field for fault in brand_faults(brand)] == [place]


def test_a_contrast_that_is_too_small_is_told_as_a_number() -> None:
    [fault] = brand_faults(replace(HOUSE, colours=Colours(text="#999999")))
    assert "2.8" in fault.description
    assert "4.5" in fault.description


def greeting(brand: Brand, language: str) -> str:
    return voice_data(brand, language, ["greeting"], ANNA)["greeting"]


def test_words_are_the_brands_then_ours_then_those_of_its_default_language() -> None:
    assert greeting(HOUSE, "de-CH") == "Guten Tag Anna,"
    only_german = saying(("greeting", "Grüezi {{ customer.given_name }}"), ("hint", "Nur hier"))
    assert greeting(only_german, "de") == "Grüezi Anna"
    assert greeting(only_german, "en") == "Hello Anna,"
    assert greeting(only_german, "fr") == "Grüezi Anna"
    assert voice_data(only_german, "en", ["hint", "nobody_said"], ANNA) == {"hint": "Nur hier", "nobody_said": ""}
    assert known_names(only_german) == OUR_NAMES | {"hint"}


def test_a_customer_named_like_a_template_is_told_as_named() -> None:
    data = {"customer": {"given_name": "{{ voice.closing }}{% for", "family_name": None}}
    assert voice_data(HOUSE, "en", ["greeting"], data)["greeting"] == "Hello {{ voice.closing }}{% for,"


def test_a_name_beyond_all_measure_ends_a_snippet_and_nothing_else() -> None:
    with pytest.raises(TextFault):
        render_snippet("{{ customer.given_name }}", {"customer": {"given_name": "x" * 5000}})


def test_a_brand_tells_how_it_speaks() -> None:
    assert brand_data(HOUSE, "de")["form_of_address"] == "formal"
    assert brand_data(HOUSE, "en")["form_of_address"] is None
    assert look_of(HOUSE, "de").unsubscribe_label == "Abmelden"
    assert look_of(HOUSE, "fr").unsubscribe_label == "Unsubscribe"
