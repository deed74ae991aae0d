"""Looks for secrets in what would be committed: `python -m deploy.secret_scan`, part of `make check`.

It reads the files as they lie there, those that git takes in or would: what was staged and changed since is not seen.
It knows how private keys, tokens, and addresses with a password look, and names with a random value behind them.
A line that only looks so says `not a secret` and why. What was found is told by file, line and kind, never quoted.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_FILE_BYTES = 1024 * 1024
MOST_LINE_CHARACTERS = 4000
LEAST_BITS = 3.6
"""Per character: words of a language have less, random letters and digits have more."""
EXCUSE = "not a secret"
GENERATED = ("_pb2.py", "_pb2.pyi", "package-lock.json")
"""Made by tools from what is scanned itself, or full of hashes of packages."""
HASHES = re.compile(r"^requirements/.*\.txt$")

KINDS = {
    "private key": re.compile(
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
        r"""(?:\\[nr]|[\s"'+,]|[bfr](?=["'])|[A-Za-z-]+: [^\n"']*(?=[\n"']))*[A-Za-z0-9+/=]{32}"""
    ),
    "private JWK": re.compile(r"""["']d["']\s*:\s*["'][A-Za-z0-9_-]{40,}["']"""),
    "token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{20,}"),
    "key of a cloud": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35}|sk_live_\w{16,})"
    ),
    "address with a password": re.compile(r"""\b[a-z][a-z0-9+.-]*://[^\s:/@"'<>{}$%]+:[^\s/@"'<>{}$%]{3,}@"""),
}
NAMED = re.compile(
    r"""(?ix)
    \b\w*(?:password|passwd|secret|token|api_?key|private_?key)\w*["']?
    (?:\s*:\s*[\w\[\]|.\x20]+?(?=\s*=))?                 # the type, as in `password: str = `
    \s*[:=]\s*[bfr]?["']?([A-Za-z0-9+/_=-]{20,})["']?
    (?=\s|$|[,;)}\]\#])
    """
)
HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
"""Of sixteen characters only, and so less random each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like a secret."""

    path: Path
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"


def findings_in(path: Path, text: str) -> Iterator[Finding]:
    """Give what a file's text holds that looks like a secret. Pure."""
    lines = text.split("\n")
    for kind, shape in KINDS.items():
        for shown in shape.finditer(text):
            place = text.count("\n", 0, shown.start())
            if EXCUSE not in lines[place]:
                yield Finding(path, place + 1, kind)
    for number, line in enumerate(lines, start=1):
        if len(line) > MOST_LINE_CHARACTERS or EXCUSE in line:
            continue
        for named in NAMED.finditer(line):
            if looks_random(named[1]):
                yield Finding(path, number, "a random value under the name of a secret")


def looks_random(text: str) -> bool:
    """Say whether a text of 20 characters or more is nothing that a person would write."""
    has_digit = re.search(r"\d", text) is not None
    return has_digit and (HEXADECIMAL.fullmatch(text) is not None or bits_per_character(text) >= LEAST_BITS)


def bits_per_character(text: str) -> float:
    """Say how random a text is, by how often each of its characters comes."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def files_of(root: Path) -> list[Path]:
    """Give what git has or would take. Raises OSError or CalledProcessError where there is no git or no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  whichever git there is
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return [root / name for name in listed.split("\0") if name]


def scan(root: Path) -> list[Finding]:
    """Scan a checkout."""
    found: list[Finding] = []
    for path in files_of(root):
        relative = path.relative_to(root)
        if path.name.endswith(GENERATED) or HASHES.match(relative.as_posix()) or not path.is_file():
            continue
        content = path.read_bytes()[:MOST_FILE_BYTES]
        if b"\0" not in content:
            found += findings_in(relative, content.decode("utf-8", errors="replace"))
    return found


if __name__ == "__main__":
    try:
        seen = scan(Path.cwd())
    except (OSError, subprocess.CalledProcessError) as fault:
        sys.exit(f"not scanned for secrets, since git does not tell which files there are: {type(fault).__name__}")
    told = [*map(str, seen), "These look like secrets: they belong into files that are not committed."]
    sys.exit("\n".join(told) if seen else 0)
