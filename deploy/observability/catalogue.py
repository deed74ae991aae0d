"""Every metric that the suite declares, read from the code: name, type, labels, meaning, and who serves it.

Read from the source and not from running processes, so that the page can be made anywhere; a test compares it with
what running processes expose.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("libs", "services")
PREFIX = "omnithread_"
KINDS = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "GaugeMetricFamily": "gauge",
    "CounterMetricFamily": "counter",
}
FIVE = ("profile", "cart", "preference", "messaging", "aggregator")
PROGRAMS = (*FIVE, "door", "console")
EVERYWHERE = frozenset({"libs/telemetry/span_counts.py"})
"""Registered by `new_registry`, which every process makes."""
WIRING = frozenset({"libs/serving.py", "libs/founding.py", "libs/guarding.py"})
"""What is made here, all five services have."""


class Undeclared(Exception):
    """A metric whose name, labels or meaning is not written down where it is made."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    """As PromQL calls it; of a histogram without `_bucket`, `_sum` and `_count`."""
    kind: str
    """`counter`, `gauge` or `histogram`."""
    labels: tuple[str, ...]
    meaning: str
    programs: tuple[str, ...]
    """Who serves it, in the order of `PROGRAMS`."""

    @property
    def samples(self) -> frozenset[str]:
        """The names that its samples have."""
        if self.kind == "histogram":
            return frozenset(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return frozenset({self.name})

    def labels_of(self, sample: str) -> frozenset[str]:
        """The labels that its samples of this name have."""
        return frozenset({*self.labels, "le"} if sample == f"{self.name}_bucket" else self.labels)


def metrics(root: Path = ROOT) -> list[Metric]:
    """Give all of them, by name. Raises Undeclared."""
    sources = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        if "omnithread-client" not in path.parts
    }
    found = [metric for path, text in sources.items() for metric in _declared(path, text, sources)]
    return sorted(found, key=lambda metric: metric.name)


def _declared(path: str, text: str, sources: Mapping[str, str]) -> Iterator[Metric]:
    if "prometheus_client" not in text:
        return
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prometheus_client")
        for alias in node.names
        if alias.name in KINDS
    }
    for holder in tree.body:
        calls = [
            node
            for node in ast.walk(holder)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported
        ]
        for call in calls:
            name = getattr(holder, "name", "")
            yield _metric(path, call, imported, tuple(_programs(path, name, sources)))


def _metric(path: str, call: ast.Call, imported: dict[str, str], programs: tuple[str, ...]) -> Metric:
    where = f"{path}:{call.lineno}"
    given = [_constant(argument) for argument in call.args[:2]]
    if len(given) < 2 or not all(isinstance(text, str) for text in given):
        raise Undeclared(f"{where}: name and meaning are to be written out")
    name, meaning = (str(text) for text in given)
    if not name.startswith(PREFIX):
        raise Undeclared(f"{where}: {name} does not begin with {PREFIX}")
    kind = KINDS[imported[getattr(call.func, "id", "")]]
    labels = call.args[2] if len(call.args) > 2 else None
    labels = labels or next((one.value for one in call.keywords if one.arg in {"labels", "labelnames"}), None)
    names = _constant(labels) if labels is not None else ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(one, str) for one in names):
        raise Undeclared(f"{where}: the labels of {name} are to be written out")
    full = f"{name.removesuffix('_total')}_total" if kind == "counter" else name
    return Metric(full, kind, tuple(str(one) for one in names), meaning, programs)


def _constant(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
    except ValueError:
        return None
    return value


def _programs(path: str, holder: str, sources: Mapping[str, str]) -> Iterator[str]:
    """Say who serves what a class or function makes: the service it belongs to, else whoever names it."""
    if path.startswith("services/"):
        yield path.split("/")[1]
        return
    if path in EVERYWHERE:
        yield from PROGRAMS
        return
    users = _users(path, holder, sources)
    for program in PROGRAMS:
        if (program in FIVE and WIRING & users) or any(user.startswith(f"services/{program}/") for user in users):
            yield program


def _users(path: str, holder: str, sources: Mapping[str, str]) -> set[str]:
    """Who names it, or names a function of libs that does, and so on."""
    found: set[str] = set()
    asked = {(path, holder)}
    while asked:
        where, name = asked.pop()
        word = re.compile(rf"\b{name}\b")
        for user in {other for other, text in sources.items() if other != where and word.search(text)} - found:
            found.add(user)
            if user.startswith("libs/") and user not in WIRING:
                asked |= {(user, function) for function in _functions_naming(word, sources[user])}
    return found


def _functions_naming(word: re.Pattern[str], text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and word.search(ast.get_source_segment(text, node) or ""):
            yield node.name


def by_sample(known: Iterable[Metric]) -> dict[str, Metric]:
    """Give the metrics by the names of their samples."""
    return {sample: metric for metric in known for sample in metric.samples}
