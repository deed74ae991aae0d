"""Make what is derived from the metrics and the boards: `python -m deploy.observability.generate`.

Committed: the table in `docs/metrics.md`, and Grafana's dashboards. `--check` writes nothing and names what is stale.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.observability.boards import BOARDS
from deploy.observability.catalogue import FIVE, PROGRAMS, Metric, metrics
from deploy.observability.panels import to_json

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "deploy/observability/grafana/dashboards"
PAGE = ROOT / "docs/metrics.md"
BEGIN = "<!-- made by `make observability` from the code: change the code, not this table -->\n"
END = "<!-- end of what is made -->\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write or check, and leave with 1 where something is stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    checks = parser.parse_args(arguments).check
    wanted = made()
    leftovers = set(DASHBOARDS.glob("*.json")) - wanted.keys()
    stale = {path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text}
    if checks:
        if stale | leftovers:
            names = "\n".join(f"  {path.relative_to(ROOT)}" for path in sorted(stale | leftovers))
            sys.exit(f"stale, run `make observability`:\n{names}")
        return
    for path in leftovers:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")


def made() -> dict[Path, str]:
    """Give every file that is made, with its text as it should be."""
    boards = {
        DASHBOARDS / f"{board.uid.removeprefix('omnithread-')}.json": json.dumps(to_json(board), indent=2) + "\n"
        for board in BOARDS
    }
    return boards | {PAGE: with_table(PAGE.read_text(encoding="utf-8"), metrics())}


def with_table(page: str, known: Sequence[Metric]) -> str:
    """Give the page with the table of these metrics between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = ["| metric | type | labels | meaning | served by |", "|---|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.meaning} "
        f"| {served_by(one.programs)} |"
        for one in known
    ]
    return before + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + after


def served_by(programs: Sequence[str]) -> str:
    """Say it in words."""
    if set(programs) == set(PROGRAMS):
        return "every process"
    rest = [program for program in programs if program not in FIVE]
    if set(FIVE) <= set(programs):
        return ", ".join(["every service", *rest])
    return ", ".join(programs)


if __name__ == "__main__":
    main()
