from pathlib import Path

import pytest

from services.messaging.purposes import DEFAULT_PURPOSES, IDENTITY_CODE, Purpose, load_purposes


def test_without_a_file_the_suites_own_purposes_hold() -> None:
    assert load_purposes(None) is DEFAULT_PURPOSES
    assert not DEFAULT_PURPOSES["cart_reminder"].is_transactional
    assert DEFAULT_PURPOSES["order_confirmation"].is_transactional


def test_a_file_replaces_the_whole_table_but_for_codes(tmp_path: Path) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text('[birthday]\nkind = "marketing"\n\n[recall]\nkind = "transactional"\n')
    assert load_purposes(file) == {
        "birthday": Purpose("birthday", is_transactional=False),
        "recall": Purpose("recall", is_transactional=True),
        IDENTITY_CODE: Purpose(IDENTITY_CODE, is_transactional=True),
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[a]\nkind = "spam"',
        "[a]\n",
        'a = "marketing"',
        '[a]\nkind = "marketing"\nkid = 1',
        '[A]\nkind = "marketing"',
    ],
)
def test_a_file_that_leaves_doubt_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"purposes\.toml"):
        load_purposes(file)
