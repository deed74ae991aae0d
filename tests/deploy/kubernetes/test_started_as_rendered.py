"""The manifests of production, carried out: on a node of its own, as kubelet would, and then called by a web shop."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from deploy.local.state import ROOT
from tests.deploy.kubernetes.contained import USER
from tests.deploy.kubernetes.programs import FIVE, SETTINGS
from tests.deploy.kubernetes.whole import whole_pods

SECONDS = 2400
"""For seven processes, ten migrations and two servers, on a machine that has much else to do."""
ISOLATED = ("unshare", "--mount", "--net", "--fork", "--kill-child")

pytestmark = pytest.mark.timeout(SECONDS)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:  # as JSON has it
    if os.getuid() != 0 or subprocess.run([*ISOLATED, "true"], check=False, timeout=60).returncode != 0:
        pytest.skip("only root may make namespaces and be another user")
    folder = tmp_path_factory.mktemp("node")
    words = [*ISOLATED, sys.executable, "-m", "tests.deploy.kubernetes.node", str(folder)]
    apart = {name: value for name, value in os.environ.items() if not name.startswith("OMNITHREAD_")}
    done = subprocess.run(
        [*words, "production", "production-migrate"],
        cwd=ROOT,
        env=apart,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_every_program_of_the_suite_serves_as_it_was_rendered(report: Any) -> None:
    assert {name.rpartition("-")[0] for name in report["processes"]} == SETTINGS.keys()
    assert report["unknown health"] == {f"{service}-0": "NOT_FOUND" for service in FIVE}


def test_each_runs_as_another_user_who_may_do_nothing_and_write_nowhere(report: Any) -> None:
    for name, process in report["processes"].items():
        assert process == {
            "Uid": " ".join([str(USER)] * 4),
            "Gid": " ".join([str(USER)] * 4),
            "CapEff": "0" * 16,
            "CapBnd": "0" * 16,
            "NoNewPrivs": "1",
            "writable": "",
        }, name


def test_migrations_run_twice_and_beside_each_other(report: Any) -> None:
    assert report["migrated-first"] == report["migrated-second"] == [0] * len(FIVE)


def test_a_web_shop_is_served_by_all_five_over_the_names_and_certificates_of_the_manifests(report: Any) -> None:
    assert report["session"] == {"customer": True, "problems": []}


def test_each_ends_in_order_within_the_time_that_kubernetes_gives_it(report: Any) -> None:
    pods = whole_pods("production")
    assert len(report["stopped"]) == len(pods)
    for pod, end in zip(pods, report["stopped"], strict=True):
        grace = pod.spec["terminationGracePeriodSeconds"] - pod.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert end["code"] == 0
        assert end["seconds"] < grace
