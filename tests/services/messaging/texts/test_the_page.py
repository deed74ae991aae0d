"""What `docs/templates.md` says of names and ways is so."""

import re
from pathlib import Path

from services.messaging.texts.liquid_texts import html_text
from services.messaging.texts.text_data import NAMES, invented, names_with

PAGE = (Path(__file__).resolve().parents[4] / "docs/templates.md").read_text(encoding="utf-8")


def test_the_page_tells_every_name_that_texts_may_use() -> None:
    for root, below in NAMES.items():
        assert f"`{root}`" in PAGE
        for name in below or ():
            assert f"`{name}`" in PAGE or name in {"first", "last", "size"}, f"{root}.{name}"


def test_liquid_on_the_page_is_taken_and_can_be_rendered() -> None:
    blocks = re.findall(r"```liquid\n(.*?)```", PAGE, flags=re.DOTALL)
    assert blocks
    for source in blocks:
        html_text(source, names_with((), ("greeting",))).rehearse(invented((), ("greeting",)))
