"""The reference of settings says what the programs read, and cannot fall behind them."""

import re
from pathlib import Path

import pytest

from deploy import settings_page
from deploy.settings_page import PAGE, PROGRAMS, Setting, readers, sections, settings_of, with_tables

SERVICES = PAGE.parents[1] / "services"


def told(section: str) -> dict[str, Setting]:
    return {one.name: one for one in settings_of(sections()[section])}


def test_the_page_is_fresh() -> None:
    text = PAGE.read_text()
    assert with_tables(text) == text


def test_a_page_that_fell_behind_is_named_and_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "settings.md"
    page.write_text(PAGE.read_text().replace("OMNITHREAD_DRAIN_SECONDS", "OMNITHREAD_DRAINING"))
    monkeypatch.setattr(settings_page, "PAGE", page)
    with pytest.raises(SystemExit, match=r"settings\.md is stale, run `make settings`"):
        settings_page.main(["--check"])
    settings_page.main([])
    settings_page.main(["--check"])
    assert page.read_text() == PAGE.read_text()


def test_every_program_that_can_be_started_has_its_section() -> None:
    assert {file.parent.name for file in SERVICES.glob("*/__main__.py")} == PROGRAMS.keys()


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_setting_that_a_program_reads_is_on_the_page_once(program: str) -> None:
    read = PROGRAMS[program]
    found = [
        one.name
        for title, part in sections().items()
        if issubclass(read, part)
        for one in settings_of(sections()[title])
    ]
    overridden = {
        name for name in read.__annotations__ if any(name in base.__annotations__ for base in read.__mro__[1:2])
    }
    assert sorted(set(found)) == sorted(read.model_fields)
    assert len(found) - len(set(found)) == len(overridden)


@pytest.mark.parametrize("section", sections())
def test_every_setting_says_what_it_is_for(section: str) -> None:
    assert [one.name for one in told(section).values() if not re.search(r"\w.*\.`?\)?$", one.meaning)] == []


def test_defaults_and_bounds_are_those_of_the_class() -> None:
    cart, every = told("Cart"), told("Every service")
    assert (cart["idle_after_seconds"].default, cart["idle_after_seconds"].values) == (
        "`3600`",
        "number above 0 to 2592000",
    )
    assert cart["merge_policy"].values.startswith("`sum`, `max`")
    assert (every["jwks_file"].default, every["jwks_file"].values) == ("", "path")
    assert every["plaintext_allowed"].values == "`true`, `false`"
    assert every["token_most_seconds"].values == "number from 60"
    assert every["jwks_address"].values == "text of at most 500 characters"


def test_a_variable_that_several_programs_read_leads_from_one_to_the_others() -> None:
    assert told("Cart")["journeys_file"].also == ["Aggregator"]
    assert told("Door")["listen"].also == ["Every service", "Console"]
    assert readers(sections()["Every service"]) == ["profile", "cart", "preference", "messaging", "aggregator"]
