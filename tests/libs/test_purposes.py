import re
from pathlib import Path

import pytest

from libs.purposes import (
    CONSENT_CONFIRMATION,
    DEFAULT_PURPOSES,
    IDENTITY_CODE,
    CapRule,
    Purpose,
    load_purposes,
    purpose_table,
)

SHIPPED = Path("deploy/purposes.toml")


def test_without_a_file_the_suites_own_purposes_hold() -> None:
    assert load_purposes(None) is DEFAULT_PURPOSES
    assert not DEFAULT_PURPOSES["cart_reminder"].is_transactional
    assert DEFAULT_PURPOSES["order_confirmation"].is_transactional


def test_a_file_replaces_the_whole_table_but_for_codes_and_confirmations(tmp_path: Path) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text('[birthday]\nkind = "marketing"\n\n[recall]\nkind = "transactional"\n')
    assert dict(load_purposes(file)) == {
        "birthday": Purpose("birthday", is_transactional=False),
        "recall": Purpose("recall", is_transactional=True),
        IDENTITY_CODE: Purpose(IDENTITY_CODE, is_transactional=True),
        CONSENT_CONFIRMATION: Purpose(CONSENT_CONFIRMATION, is_transactional=True),
    }


def test_a_purpose_states_its_caps_its_labels_and_what_is_done_in_doubt(tmp_path: Path) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text(
        "[all]\n"
        'caps = [{ max_messages = 3, per = "calendar_day" }]\n'
        'quiet_hours = { start = "21:30", end = "08:00" }\n'
        "spread_seconds = 60\n"
        '[news]\nkind = "marketing"\ndouble_opt_in = true\nlabels = { en = "News" }\n'
        'caps = [{ max_messages = 1, per = "rolling", days = 7, kind = "SMS" }]\n'
        '[order]\nkind = "transactional"\ncounted = true\nwhen_unknown = "again"\n'
    )
    table = load_purposes(file)
    assert table.caps == (CapRule(3, "calendar_day"),)
    assert table.quiet_hours == (21 * 60 + 30, 8 * 60)
    assert table.spread_seconds == 60
    assert table["news"].needs_double_opt_in
    assert table["news"].caps == (CapRule(1, "rolling", 7, "SMS"),)
    assert table["news"].labels == {"en": "News"}
    assert table["order"].when_unknown == "again"
    assert [table.counts(name) for name in ("news", "order", IDENTITY_CODE, "gone")] == [True, True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[a]\nkind = "spam"',
        "[a]\n",
        'a = "marketing"',
        '[a]\nkind = "marketing"\nkid = 1',
        '[A]\nkind = "marketing"',
        '[identity_code]\nkind = "marketing"',
        '[a]\nkind = "marketing"\nwhen_unknown = "again"',
        '[a]\nkind = "transactional"\ndouble_opt_in = true',
        '[a]\nkind = "transactional"\ncaps = [{ max_messages = 1, per = "rolling" }]',
        '[a]\nkind = "marketing"\ncaps = [{ max_messages = 1, per = "fortnight" }]',
        '[a]\nkind = "marketing"\ncaps = [{ max_messages = 1, per = "rolling", kind = "PIGEON" }]',
        '[a]\nkind = "marketing"\ncaps = [{ max_messages = 1, per = "rolling", kind = "UNSPECIFIED" }]',
        '[all]\nquiet_hours = { start = "08:00", end = "08:00" }\n[a]\nkind = "marketing"',
        '[all]\nquiet_hours = { start = "8", end = "24:00" }\n[a]\nkind = "marketing"',
        "[a\n",
    ],
)
def test_a_file_that_leaves_doubt_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"purposes\.toml"):
        load_purposes(file)


def test_the_shipped_file_has_every_purpose_that_the_suite_uses_itself() -> None:
    assert set(DEFAULT_PURPOSES) <= set(load_purposes(SHIPPED))


def test_the_page_about_messages_shows_a_file_that_can_be_read(tmp_path: Path) -> None:
    [shown] = re.findall(r"```toml\n(.*?)```", Path("docs/messages.md").read_text(), flags=re.DOTALL)
    file = tmp_path / "purposes.toml"
    file.write_text(shown)
    assert load_purposes(file)["newsletter"].needs_double_opt_in


def test_the_digest_tells_other_rules_from_equal_ones() -> None:
    one, same = (purpose_table(Purpose("a", is_transactional=False)) for _ in range(2))
    other = purpose_table(Purpose("a", is_transactional=False, caps=(CapRule(1, "rolling"),)))
    assert one.digest == same.digest != other.digest
