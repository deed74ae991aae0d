"""Every overlay renders, and Kubernetes' own schemas take what comes of it."""

import kubernetes_validate
import pytest

from deploy.kubernetes.generate import made
from tests.deploy.kubernetes.rendering import FOLDER, MIGRATING, SERVING, Object, of_kind, overlay, rendered

VERSIONS = ("1.30", "1.33", "1.37")
"""The oldest that docs/kubernetes.md names, the newest that the schemas know, and one between."""
CUSTOM = {
    "cert-manager.io/v1",
    "external-secrets.io/v1",
    "gateway.envoyproxy.io/v1alpha1",
    "gateway.networking.k8s.io/v1",
    "generators.external-secrets.io/v1alpha1",
    "kafka.strimzi.io/v1",
    "mongodbcommunity.mongodb.com/v1",
    "monitoring.coreos.com/v1",
    "trust.cert-manager.io/v1alpha1",
}
"""What Kubernetes has no schemas of: these are rendered, and checked by tests of ours as far as these look."""


@pytest.mark.parametrize("name", [*SERVING, *MIGRATING])
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_resource_of_an_overlay(name: str, version: str) -> None:
    unknown = set()
    for one in overlay(name):
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            unknown.add(one["apiVersion"])
    assert unknown <= CUSTOM


def test_a_resource_with_a_word_that_kubernetes_does_not_know_is_refused() -> None:
    job = next(one for one in overlay("local-migrate") if one["kind"] == "Job")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**job, "spec": {**job["spec"], "backofLimit": 1}}, VERSIONS[0], strict=True)


@pytest.mark.parametrize("name", [*SERVING, *MIGRATING])
def test_no_two_resources_of_an_overlay_have_one_name_and_all_are_in_the_namespace(name: str) -> None:
    objects = overlay(name)
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)
    homes = {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"}
    assert homes == {"omnithread"}


@pytest.mark.parametrize(("serving", "migrating"), [("local", "local-migrate"), ("production", "production-migrate")])
def test_what_migrates_is_told_the_same_as_what_serves(serving: str, migrating: str) -> None:
    def settings(objects: tuple[Object, ...]) -> dict[str, Object]:
        return of_kind(objects, "ConfigMap")

    shared = {name: one for name, one in settings(overlay(migrating)).items() if name in settings(overlay(serving))}
    assert shared == settings(overlay(migrating))


def test_every_component_is_part_of_an_overlay_or_is_tried_by_a_test_of_its_own() -> None:
    files = FOLDER.glob("overlays/**/kustomization.yaml")
    used = {line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()}
    apart = {folder.name for folder in (FOLDER / "components").iterdir()}
    apart -= {line.rpartition("/")[2] for line in used if "/components/" in line}
    assert apart == {"mongodb-x509"}


def test_what_is_made_from_elsewhere_is_fresh() -> None:
    assert [path for path, text in made().items() if path.read_text(encoding="utf-8") != text] == []


def test_the_rules_reach_the_operator_as_prometheus_has_them() -> None:
    (rules,) = of_kind(rendered(FOLDER / "overlays/production"), "PrometheusRule").values()
    alerts = [rule["alert"] for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert "OmnithreadServiceDown" in alerts
    assert len(alerts) == len(set(alerts)) > 20
