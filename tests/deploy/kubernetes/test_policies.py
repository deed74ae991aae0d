"""What our pods may do, how they come and go, and what a cluster must never find in them."""

from typing import Any

import pytest

from libs.mongo.connection import LONGEST_CALL_SECONDS
from tests.deploy.kubernetes.pods import Pod
from tests.deploy.kubernetes.rendering import MIGRATING, SERVING, Object, container_of, of_kind, ours, overlay
from tests.deploy.kubernetes.whole import whole_pods

ALL = [*SERVING, *MIGRATING]
AFTER_THE_DRAIN_SECONDS = 5
"""What docs/operating.md promises of every process."""
RECONNECT_SECONDS = 6


def every_workload() -> list[Any]:
    return [pytest.param(one, id=f"{name}/{one['metadata']['name']}") for name in ALL for one in _ours(name)]


def serving_pods() -> list[Any]:
    return [pytest.param(pod, id=f"{name}/{pod.name}") for name in SERVING for pod in whole_pods(name)]


def _ours(name: str) -> list[Object]:
    return list(ours(overlay(name)).values())


@pytest.mark.parametrize("workload", every_workload())
def test_a_pod_may_do_nothing_but_its_work(workload: Object) -> None:
    spec, container = workload["spec"]["template"]["spec"], container_of(workload)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False  # a Service's name would become a variable of ours
    assert spec["serviceAccountName"] not in {"", "default"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    assert not any("hostPath" in volume for volume in spec["volumes"])


@pytest.mark.parametrize("workload", every_workload())
def test_a_pod_asks_for_what_it_needs_and_cannot_take_all_memory(workload: Object) -> None:
    resources = container_of(workload)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}  # a bound on CPU makes event loops late


@pytest.mark.parametrize("workload", every_workload())
def test_what_is_mounted_follows_its_source_and_is_read_only(workload: Object) -> None:
    for mount in container_of(workload)["volumeMounts"]:
        assert mount["readOnly"] is True
        assert "subPath" not in mount, "such a file stays as it was, and certificates and tokens are renewed"


@pytest.mark.parametrize("name", ALL)
def test_no_secret_is_in_a_manifest_or_in_an_environment(name: str) -> None:
    objects = overlay(name)
    assert of_kind(objects, "Secret") == {}
    for workload in ours(objects).values():
        for one in container_of(workload).get("env", ()):
            assert "secretKeyRef" not in one.get("valueFrom", {})
        assert not any("secretRef" in source for source in container_of(workload).get("envFrom", ()))


@pytest.mark.parametrize("name", ["production", "production-operators", "production-migrate"])
def test_the_image_of_production_has_a_version(name: str) -> None:
    for workload in ours(overlay(name)).values():
        image = container_of(workload)["image"]
        assert image.startswith("registry.example.com/omnithread:")
        assert not image.endswith(":latest")


@pytest.mark.parametrize("pod", serving_pods())
def test_a_pod_has_the_time_that_its_end_takes(pod: Pod) -> None:
    drain = float(pod.environment["OMNITHREAD_DRAIN_SECONDS"])
    waits = pod.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod.spec["terminationGracePeriodSeconds"] >= waits + drain + AFTER_THE_DRAIN_SECONDS + LONGEST_CALL_SECONDS


@pytest.mark.parametrize("name", SERVING)
def test_replicas_are_replaced_one_after_the_other_and_looked_for_before_the_next_one_goes(name: str) -> None:
    budgets = of_kind(overlay(name), "PodDisruptionBudget")
    for program, workload in ours(overlay(name)).items():
        assert workload["spec"]["minReadySeconds"] >= RECONNECT_SECONDS
        selector = workload["spec"]["selector"]["matchLabels"]
        assert budgets[program]["spec"]["selector"]["matchLabels"] == selector
        assert budgets[program]["spec"]["maxUnavailable"] == 1
        assert selector.items() <= workload["spec"]["template"]["metadata"]["labels"].items()
        if workload["kind"] == "Deployment":
            assert workload["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("name", ["production", "production-operators"])
def test_production_has_two_of_everything_on_different_nodes(name: str) -> None:
    objects = overlay(name)
    scaled = of_kind(objects, "HorizontalPodAutoscaler")
    for program, workload in ours(objects).items():
        least = scaled[program]["spec"]["minReplicas"] if program in scaled else workload["spec"]["replicas"]
        assert least >= 2
        assert not (program in scaled and "replicas" in workload["spec"]), "an apply would set the number back"
        zone, node = workload["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert zone["topologyKey"] == "topology.kubernetes.io/zone"
        assert (node["topologyKey"], node["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "DoNotSchedule")
        assert node["matchLabelKeys"] == ["app.kubernetes.io/name"]


@pytest.mark.parametrize("name", MIGRATING)
def test_migrations_end_by_themselves_and_are_tried_again(name: str) -> None:
    jobs = of_kind(overlay(name), "Job")
    assert len(jobs) == 5
    for job in jobs.values():
        assert job["spec"]["activeDeadlineSeconds"] > 600  # an index may take ten minutes to be made
        assert job["spec"]["backoffLimit"] >= 3
        assert container_of(job)["command"][-1] == "migrate"
