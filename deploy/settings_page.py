"""Make the reference of settings in `docs/settings.md` from the classes that read them.

`python -m deploy.settings_page` writes the page; `--check` writes nothing, and leaves with 1 where it is stale.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.settings import ProcessSettings, ServiceSettings
from services.aggregator.settings import AggregatorSettings
from services.cart.settings import CartSettings
from services.console.settings import ConsoleSettings
from services.door.settings import DoorSettings
from services.messaging.settings import MessagingSettings
from services.preference.settings import PreferenceSettings
from services.profile.settings import ProfileSettings

PAGE = Path(__file__).resolve().parents[1] / "docs/settings.md"
BEGIN = "<!-- made by `make settings` from the code: change the classes, not these tables -->\n"
END = "<!-- end of what is made -->\n"
PROGRAMS: Mapping[str, type[ProcessSettings]] = {
    "profile": ProfileSettings,
    "cart": CartSettings,
    "preference": PreferenceSettings,
    "messaging": MessagingSettings,
    "aggregator": AggregatorSettings,
    "door": DoorSettings,
    "console": ConsoleSettings,
}
"""What is started by `python -m services.<name>`, and the class that reads its environment."""
SHARED: Mapping[str, type[ProcessSettings]] = {"Every program": ProcessSettings, "Every service": ServiceSettings}
PREFIX = "OMNITHREAD_"

Schema = Mapping[str, Any]  # JSON, as pydantic describes a field in it


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a class."""

    name: str
    default: str
    values: str
    """Of which type it is, and within which bounds."""
    meaning: str
    also: Sequence[str] = ()
    """The other sections in which the same variable stands."""

    @property
    def variable(self) -> str:
        """As it is called in an environment."""
        return PREFIX + self.name.upper()


def sections() -> dict[str, type[ProcessSettings]]:
    """Give the parts of the page, each with the class whose own fields stand there."""
    return {**SHARED, **{name.capitalize(): settings for name, settings in PROGRAMS.items()}}


def readers(settings: type[ProcessSettings]) -> list[str]:
    """Name the programs that read what a class declares."""
    return [name for name, read in PROGRAMS.items() if issubclass(read, settings)]


def settings_of(settings: type[ProcessSettings]) -> Iterator[Setting]:
    """Give what a class declares itself, in its own order."""
    schema: Schema = settings.model_json_schema()
    for name in settings.__annotations__:
        if name not in settings.model_fields:
            continue  # `model_config`
        told = schema["properties"][name]
        yield Setting(
            name=name,
            default=default_of(told),
            values=values_of(told, schema.get("$defs", {})),
            meaning=" ".join(told["description"].split()),
            also=[title for title, other in sections().items() if other is not settings and declares(other, name)],
        )


def declares(settings: type[ProcessSettings], name: str) -> bool:
    """Whether the class itself has that field, and not only one that it builds on."""
    return name in settings.__annotations__


def default_of(told: Schema) -> str:
    """Write the default as it would be written into an environment; nothing where there is none."""
    default = told["default"]
    if default is None or default == "":
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:.15g}`" if isinstance(default, float) else f"`{default}`"


def values_of(told: Schema, known: Mapping[str, Schema]) -> str:
    """Say what may stand there: the words, or the type and its bounds."""
    (kind,) = [one for one in told.get("anyOf", [told]) if one.get("type") != "null"]
    if "$ref" in kind:
        kind = {**known[kind["$ref"].rpartition("/")[2]], **told}
    if "enum" in kind:
        return ", ".join(f"`{word}`" for word in kind["enum"])
    if kind["type"] == "boolean":
        return "`true`, `false`"
    if kind["type"] in {"integer", "number"}:
        return " ".join(["whole number" if kind["type"] == "integer" else "number", *_bounds(kind)])
    if kind.get("format") == "path":
        return "path"
    if "pattern" in kind:
        return f"`{kind['pattern']}`".replace("|", r"\|")
    return f"text of at most {kind['maxLength']} characters" if "maxLength" in kind else "text"


def _bounds(kind: Schema) -> Iterator[str]:
    if "minimum" in kind:
        yield f"from {kind['minimum']:.15g}"
    if "exclusiveMinimum" in kind:
        yield f"above {kind['exclusiveMinimum']:.15g}"
    if "maximum" in kind:
        yield f"to {kind['maximum']:.15g}"


def tables() -> str:
    """Give the part of the page that is made."""
    parts = []
    for title, settings in sections().items():
        lines = [f"## {title}", ""]
        if title in SHARED:
            lines += [f"Read by {', '.join(readers(settings))}.", ""]
        lines += ["| variable | default | values | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{one.variable}` | {one.default} | {one.values} | {one.meaning}{_elsewhere(one)} |"
            for one in settings_of(settings)
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _elsewhere(setting: Setting) -> str:
    links = [f"[{title.lower()}](#{title.lower().replace(' ', '-')})" for title in setting.also]
    return f" *See also {', '.join(links)}.*" if links else ""


def with_tables(page: str) -> str:
    """Give the page with the tables as they should be between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write or check, and leave with 1 where the page is stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    checks = parser.parse_args(arguments).check
    page = PAGE.read_text(encoding="utf-8")
    wanted = with_tables(page)
    if checks and page != wanted:
        sys.exit(f"{PAGE.name} is stale, run `make settings`")
    if not checks:
        PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
