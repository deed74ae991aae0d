"""What `kubectl` makes of the manifests, read once for all tests."""

import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # the package has none

from deploy.local.state import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"
SERVING = ("local", "production", "production-operators")
"""The overlays that hold what serves."""
MIGRATING = ("local-migrate", "production-migrate")
"""Those that hold what migrates."""
WORKLOADS = ("StatefulSet", "Deployment", "Job")

Object = dict[str, Any]  # as Kubernetes has them
"""One resource."""


@cache
def rendered(folder: Path) -> tuple[Object, ...]:
    """Give what a kustomization comes to, as it would be applied."""
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def overlay(name: str) -> tuple[Object, ...]:
    """Give an overlay, rendered."""
    return rendered(FOLDER / "overlays" / name)


def of_kind(objects: tuple[Object, ...], *kinds: str) -> dict[str, Object]:
    """Give the resources of these kinds, by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] in kinds}


def ours(objects: tuple[Object, ...]) -> dict[str, Object]:
    """Give the workloads that are the suite's own, by name."""
    return {
        name: one
        for name, one in of_kind(objects, *WORKLOADS).items()
        if one["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "omnithread"
    }


def container_of(workload: Object) -> Object:
    """Give the one container of a workload's pods."""
    containers: list[Object] = workload["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1
    return containers[0]
