from dataclasses import asdict, dataclass

from libs.flat import flat_fields
from libs.origin import Origin


@dataclass(frozen=True, slots=True)
class Held:
    things: tuple[str, ...]


def test_it_gives_what_the_standard_library_gives_of_plain_fields() -> None:
    origin = Origin(channel_id="web-shop", channel_kind=1, actor_id="anna")
    assert flat_fields(origin) == asdict(origin)
    assert list(flat_fields(origin)) == list(asdict(origin))


def test_it_copies_nothing() -> None:
    things = ("milk",)
    assert flat_fields(Held(things))["things"] is things
