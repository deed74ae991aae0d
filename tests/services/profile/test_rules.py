"""The company's own rules about identifiers: what they say, and what is refused before profile starts."""

from pathlib import Path

import pytest

from services.profile.identifiers import normal_identifier
from services.profile.model import IdentifierKind
from services.profile.rules import DEFAULT_RULES, IdentityRules, Survivorship
from services.profile.rules_file import RulesInvalid, load_rules
from tests.services.running import ROOT


def rules_of(tmp_path: Path, text: str) -> IdentityRules:
    file = tmp_path / "identifiers.toml"
    file.write_text(text, encoding="utf-8")
    return load_rules(file)


def key(kind: IdentifierKind, value: str, rules: IdentityRules) -> str:
    return normal_identifier(kind, value, verified=True, rules=rules).key


def test_the_file_that_is_shipped_says_what_holds_without_one() -> None:
    shipped = load_rules(ROOT / "deploy/identifiers.toml")
    assert shipped == DEFAULT_RULES
    assert load_rules(None) == DEFAULT_RULES


def test_what_a_file_leaves_out_stays_as_it_is(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "[email]\nmost = 2\n")
    assert rules.most(IdentifierKind.EMAIL) == 2
    assert rules.most(IdentifierKind.PHONE) == 5
    assert rules.blocked == DEFAULT_RULES.blocked
    assert rules.kinds[IdentifierKind.EMAIL].blocked == DEFAULT_RULES.kinds[IdentifierKind.EMAIL].blocked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[fax]\n", "fax"),
        ("[email]\nmost = 0\n", "email.most"),
        ("[email]\nmuch = 1\n", "email.much"),
        ("[email]\nshared_most_customers = 3\n", "email.shared_most_customers"),
        ('strongest_first = ["email"]\n', "strongest_first: .*every kind once"),
        (
            'strongest_first = ["device", "loyalty_card", "email", "phone", "social", "cookie"]\n',
            "strongest_first: .*weaker",
        ),
        ('[phone]\ndefault_region = "Switzerland"\n', "phone.default_region: .*for example CH"),
        ("[device]\nshared_most_customers = 0\n", "device.shared_most_customers"),
        ("[device]\nmay_be_shared = true\nshared_within_days = 3\n", "device: .*may_be_shared"),
        ('[blocked]\npatterns = ["*@*"]\n', "blocked.patterns: .*block everybody"),
        ('[blocked]\nrepeated = ["00"]\n', "blocked.repeated: .*single characters"),
        ('[traits]\nsurvivorship = "loudest"\n', "traits.survivorship"),
        ('[traits.survivorship_of]\n"a.b" = "newest"\n', "a.b is no name of a trait"),
        ("[device]\nmost = 50\n[cookie]\nmost = 50\n", "at most 100"),
        ("[device\n", "identifiers.toml"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_and_says_where(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RulesInvalid, match=says):
        rules_of(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match=r"nowhere\.toml"):
        load_rules(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "value",
    [
        *("null", " NULL ", "-1", "anonymous", "0", "0000", "00000000-0000-0000-0000-000000000000", "(not set)"),
        *("undefined", "+000 000"),
    ],
)
@pytest.mark.parametrize("kind", IdentifierKind)
def test_what_programs_write_where_they_have_no_value_is_blocked(kind: IdentifierKind, value: str) -> None:
    said = normal_identifier(kind, value, verified=True, rules=DEFAULT_RULES)
    assert DEFAULT_RULES.blocks(said)
    assert normal_identifier(kind, said.value, verified=True, rules=DEFAULT_RULES) == said


def test_an_account_without_a_name_and_an_address_of_nobody_are_blocked() -> None:
    for kind, value in (
        (IdentifierKind.SOCIAL, "facebook:null"),
        (IdentifierKind.EMAIL, "NoReply@example.com"),
        (IdentifierKind.EMAIL, "test@test.com"),
    ):
        assert DEFAULT_RULES.blocks(normal_identifier(kind, value, verified=True, rules=DEFAULT_RULES))


@pytest.mark.parametrize("value", ["1000", "00001", "nullam", "anna.null", "testa", "none-such"])
def test_a_value_that_only_looks_a_little_like_it_is_not_blocked(value: str) -> None:
    said = normal_identifier(IdentifierKind.LOYALTY_CARD, value, verified=True, rules=DEFAULT_RULES)
    assert not DEFAULT_RULES.blocks(said)


def test_a_pattern_takes_letters_and_brackets_as_they_are(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[cookie.blocked]\npatterns = ["[x]-?", "tmp*"]\n')
    blocked = [
        value for value in ("[X]-1", "x-1", "TMP-9", "my-tmp") if rules.blocks_value(IdentifierKind.COOKIE, value)
    ]
    assert blocked == ["[X]-1", "TMP-9"]
    assert not rules.blocks_value(IdentifierKind.DEVICE, "tmp-9")


def test_dots_and_tags_make_no_difference_where_the_rules_say_so(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[email]\nignore_dots_at = ["Gmail.com"]\nignore_plus_tag_at = ["*"]\n')
    one = {
        key(IdentifierKind.EMAIL, said, rules) for said in ("a.nna@gmail.com", "anna+shop@gmail.com", "Anna@gmail.com")
    }
    assert one == {"email:anna@gmail.com"}
    assert key(IdentifierKind.EMAIL, "a.nna+shop@example.com", rules) == "email:a.nna@example.com"
    kept = normal_identifier(IdentifierKind.EMAIL, "Anna+shop@gmail.com", verified=True, rules=rules)
    assert kept.value == "Anna+shop@gmail.com", "mails go to the address as it was written"


def test_dots_and_tags_make_a_difference_by_default() -> None:
    said = ("a.nna@gmail.com", "anna+shop@gmail.com", "anna@gmail.com")
    assert len({key(IdentifierKind.EMAIL, one, DEFAULT_RULES) for one in said}) == len(said)


def test_the_local_part_is_kept_in_lower_case_where_the_rules_say_so(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "[email]\nlowercase_local_part = true\n")
    kept = normal_identifier(IdentifierKind.EMAIL, "Anna@Example.com", verified=True, rules=rules)
    assert kept.value == "anna@example.com"


def test_a_number_without_a_country_is_of_the_region_that_the_rules_name(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[phone]\ndefault_region = "CH"\n')
    assert key(IdentifierKind.PHONE, "044 668 18 00", rules) == "phone:+41446681800"
    assert key(IdentifierKind.PHONE, "+49 30 123456", rules) == "phone:+4930123456"
    with pytest.raises(ValueError, match="country"):
        key(IdentifierKind.PHONE, "044 668 18 00", DEFAULT_RULES)


def test_a_trait_has_its_own_rule_or_the_one_for_all(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[traits]\nsurvivorship = "oldest"\n[traits.survivorship_of]\nsize = "largest"\n')
    assert rules.traits.of("size") is Survivorship.LARGEST
    assert rules.traits.of("colour") is Survivorship.OLDEST
