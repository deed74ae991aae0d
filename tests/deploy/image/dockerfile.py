"""Reads a Dockerfile and what may be copied by it: as much of both languages as ours speak, and no more."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = ROOT / "deploy/Dockerfile"
IGNORED = ROOT / ".dockerignore"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: `COPY`, and the rest of its line."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the file, from its `FROM` on."""

    base: str
    name: str
    steps: Sequence[Instruction] = field(default_factory=list)

    def only(self, word: str) -> str:
        """Give what the one step with this word says."""
        (rest,) = [step.rest for step in self.steps if step.word == word]
        return rest

    def environment(self) -> dict[str, str]:
        """Give its variables."""
        return dict(pairs(" ".join(step.rest for step in self.steps if step.word == "ENV")))


def pairs(written: str) -> Iterator[tuple[str, str]]:
    """Give the `name=value` of ENV and LABEL."""
    for word in shlex.split(written):
        name, _, value = word.partition("=")
        yield name, value


def stages(text: str) -> list[Stage]:
    """Give all of them, in order."""
    found: list[tuple[str, str, list[Instruction]]] = []
    for step in instructions(text):
        if step.word == "FROM":
            base, _, name = step.rest.partition(" AS ")
            found.append((base, name, []))
        elif found:
            found[-1][2].append(step)
    return [Stage(base=base, name=name, steps=steps) for base, name, steps in found]


def instructions(text: str) -> Iterator[Instruction]:
    """Give every step, with lines joined and comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield Instruction(word=word, rest=" ".join(rest.split()))


def may_be_copied(path: PurePosixPath, rules: Sequence[str]) -> bool:
    """Whether `.dockerignore` lets a file of the repository into a build: the last rule that speaks of it counts."""
    allowed = True
    for rule in rules:
        pattern = _pattern(rule.removeprefix("!"))
        if any(pattern.fullmatch(str(part)) for part in (path, *path.parents)):
            allowed = rule.startswith("!")
    return allowed


def rules_of(text: str) -> list[str]:
    """Give the rules of a `.dockerignore`, in order."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _pattern(rule: str) -> re.Pattern[str]:
    written = re.escape(rule).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(written.replace(r"\[co\]", "[co]"))
