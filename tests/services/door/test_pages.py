"""Pages: the same words in every language, colours that can be read, nothing that a value could break out of."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.colours import READABLE, contrast, ink_on, readable_on
from services.door.pages.brands import KEPT_SECONDS, MOST_BRANDS, Brands, BrandsAway
from services.door.pages.languages import LANGUAGES, page_language
from services.door.pages.looks import CARD, NEUTRAL, Look, look_of
from services.door.pages.rendering import FILES, static_file
from services.door.pages.words import WORDS

colours = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_everything_with_the_same_places() -> None:
    assert set(WORDS) == set(LANGUAGES)
    for words in WORDS.values():
        assert {key: places(text) for key, text in words.items()} == {
            key: places(text) for key, text in WORDS["en"].items()
        }


def test_every_word_that_a_page_asks_for_is_there() -> None:
    for file in FILES.glob("*.html"):
        for key in re.findall(r't\("([a-zA-Z_]+)"[,)]', file.read_text(encoding="utf-8")):
            assert key in WORDS["en"], (file.name, key)


@given(colours)
def test_text_in_a_brands_colour_can_be_read_on_a_card_and_on_the_brands_own_ground(accent: str) -> None:
    assert contrast(readable_on(accent, CARD), CARD) >= READABLE
    assert contrast(ink_on(accent), accent) >= READABLE


def test_the_colours_of_the_style_sheet_can_be_read() -> None:
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", static_file("style.css").decode()))
    for ink, ground in [
        ("ink", "card"),
        ("ink", "ground"),
        ("quiet", "card"),
        ("quiet", "ground"),
        ("link", "card"),
        ("good", "good-ground"),
        ("on-accent", "accent"),
    ]:
        assert contrast(named[ink], named[ground]) >= READABLE, (ink, ground)


@pytest.mark.parametrize(
    ("of_link", "accept_language", "language"),
    [
        ("de", "en", "de"),
        ("de-AT", "", "de"),
        ("fr", "de-CH,de;q=0.9,en;q=0.8", "de"),
        ("", "fr, en;q=0.3, de;q=0.7", "de"),
        ("", "de;q=0, en;q=0.1", "en"),
        ("", "fr", "en"),
        ("", "de;q=nan, *;q=2, ;;;,=", "en"),
        ("", "de;" * 10_000, "en"),
    ],
)
def test_the_language_is_the_links_else_the_browsers_else_the_companys(
    of_link: str, accept_language: str, language: str
) -> None:
    assert page_language(of_link=of_link, accept_language=accept_language, default="en") == language


@pytest.mark.parametrize("accent", ["red", "#fff", "#12345g", "#123456;}body{display:none", "url(https://x)"])
def test_what_is_no_colour_never_reaches_the_style_sheet(accent: str) -> None:
    look = look_of("main", name="Shop", accent=accent, logo_url="")
    assert look.accent == NEUTRAL
    assert "display" not in look.style


@pytest.mark.parametrize(
    "logo", ["http://cdn.example/l.png", "https://cdn.example/l.png; script-src *", "https://u@x/l.png", "data:,x"]
)
def test_what_is_no_address_of_a_picture_is_left_out(logo: str) -> None:
    assert look_of("main", name="Shop", accent=NEUTRAL, logo_url=logo).logo_origin == ""


def test_a_logo_is_allowed_from_where_it_is() -> None:
    look = look_of("main", name="Shop", accent=NEUTRAL, logo_url="https://cdn.example:8443/l.png")
    assert look.logo_origin == "https://cdn.example:8443"


async def test_a_look_is_asked_for_once_a_minute_and_stays_while_nobody_answers() -> None:
    now, asked, away = [0.0], [], [False]

    async def find(brand_id: str) -> Look | None:
        asked.append(brand_id)
        if away[0]:
            raise BrandsAway
        return Look(brand_id=brand_id, name="Beispielhaus")

    brands = Brands(find=find, now=lambda: now[0])
    for _ in range(3):
        assert (await brands.look("main")).name == "Beispielhaus"
    assert asked == ["main"]
    now[0], away[0] = KEPT_SECONDS + 1, True
    assert (await brands.look("main")).name == "Beispielhaus"
    assert (await brands.look("other")).name == ""
    assert len(asked) == 3


async def test_a_page_comes_without_colours_whatever_goes_wrong_with_them() -> None:
    async def find(_: str) -> Look | None:
        raise FileNotFoundError("door.token")

    assert (await Brands(find=find, now=lambda: 0.0).look("main")).name == ""


async def test_invented_brands_do_not_fill_the_memory() -> None:
    async def find(_: str) -> Look | None:
        return None

    brands = Brands(find=find, now=lambda: 0.0)
    for number in range(3 * MOST_BRANDS):
        await brands.look(f"brand-{number}")
    assert len(brands._kept) == MOST_BRANDS
    assert (await brands.look("../etc")).brand_id == "plain"
