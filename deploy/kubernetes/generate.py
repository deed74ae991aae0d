"""Make what the manifests take from elsewhere in `deploy/`: `python -m deploy.kubernetes.generate`.

Kustomize reads no file outside of its own folder, so the samples of channels and rules are copied into it, and what
Prometheus alerts by is put into the form of its operator. `--check` writes nothing and names what is stale.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/kubernetes"
SAMPLES = ("channels.toml", "identifiers.toml", "journeys.toml", "purposes.toml")
RULES = ("recording.yml", "alerts.yml")
RULES_HEAD = """\
# Made by `make manifests` from deploy/observability/prometheus: change the rules there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: omnithread
spec:
  groups:
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write or check, and leave with 1 where something is stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    checks = parser.parse_args(arguments).check
    stale = {
        path: text for path, text in made().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if checks and stale:
        names = "\n".join(f"  {path.relative_to(ROOT)}" for path in sorted(stale))
        sys.exit(f"stale, run `make manifests`:\n{names}")
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")


def made() -> dict[Path, str]:
    """Give every file that is made, with its text as it should be."""
    samples = {
        FOLDER / "base/settings" / name: (ROOT / "deploy" / name).read_text(encoding="utf-8") for name in SAMPLES
    }
    return samples | {FOLDER / "components/monitoring/rules.yaml": RULES_HEAD + "".join(map(_groups, RULES))}


def _groups(name: str) -> str:
    """Give the groups of a file of rules, two steps further in. Its comments stay."""
    text = (ROOT / "deploy/observability/prometheus" / name).read_text(encoding="utf-8")
    _, _, groups = text.partition("groups:\n")
    return "".join(f"  {line}" if line.strip() else line for line in groups.splitlines(keepends=True))


if __name__ == "__main__":
    main()
