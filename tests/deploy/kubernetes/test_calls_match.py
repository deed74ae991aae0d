"""Who may reach whom is what the code does and docs/architecture.md says: policies, certificates, routes, rights."""

import ast
import re
from collections.abc import Iterator

import pytest

from deploy.local.state import ROOT
from libs.settings import ServiceSettings
from tests.deploy.kubernetes.programs import FIVE
from tests.deploy.kubernetes.rendering import SERVING, Object, of_kind, overlay, rendered
from tests.deploy.kubernetes.whole import whole_pods

AREAS = {name: service.area for name, service in FIVE.items()}
NAMES = "app.kubernetes.io/name"


def calls_in_code(program: str) -> set[str]:
    """Give which services a program opens channels to: each `channel("cart")` in it, and names in a loop beside one."""
    found: set[str] = set()
    for file in (ROOT / "services" / program).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if not re.search(r"\bchannel\(", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"channel", "foundation.channel"}:
                found |= _named(node, text)
    return (found & FIVE.keys()) - {program}


def _named(call: ast.Call, text: str) -> set[str]:
    (name, *_) = call.args
    if isinstance(name, ast.Constant):
        return {str(name.value)}
    return {word for word in re.findall(r'"([a-z]+)"', text) if word in FIVE}  # a variable: whatever the file names


def policies(name: str) -> dict[str, Object]:
    return of_kind(overlay(name), "NetworkPolicy")


def callers_let_in(policy: Object, port: int) -> set[str]:
    """Give the programs that a policy lets in at a port."""
    return {
        peer["podSelector"]["matchLabels"][NAMES]
        for rule in policy["spec"]["ingress"]
        if {"port": port} in rule["ports"]
        for peer in rule["from"]
        if "podSelector" in peer
    }


def called(policy: Object) -> dict[str, set[int]]:
    """Give the programs that a policy lets its pods call, with the ports."""
    return {
        rule["to"][0]["podSelector"]["matchLabels"][NAMES]: {port["port"] for port in rule["ports"]}
        for rule in policy["spec"]["egress"]
    }


@pytest.mark.parametrize("name", SERVING)
def test_each_program_may_call_whom_its_code_calls_and_nobody_else(name: str) -> None:
    pods = {pod.program: pod for pod in whole_pods(name)}
    internal = {service: pods[service].port("grpc-internal") for service in FIVE}
    for program in (*FIVE, "door"):
        assert called(policies(name)[program]) == {other: {internal[other]} for other in calls_in_code(program)}
    for service in FIVE:
        callers = {program for program in (*FIVE, "door") if service in calls_in_code(program)}
        assert callers_let_in(policies(name)[service], internal[service]) == callers
        assert callers_let_in(policies(name)[service], pods[service].port("grpc")) == {"console"}


def test_the_page_about_architecture_says_the_same() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("Who calls whom:")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")]
    said: dict[str, set[str]] = {}
    for caller, callees in rows[1:]:
        for program in (*FIVE, "door"):
            if re.search(rf"\b{program}\b", caller):
                told = set(FIVE) if re.search(r"all (the )?others|the four's", callees) else set()
                told |= {service for service in FIVE if re.search(rf"\b{service}('s)?\b", callees)}
                said[program] = said.get(program, set()) | (told - {program})
    assert said == {program: calls_in_code(program) for program in (*FIVE, "door")}


@pytest.mark.parametrize("name", SERVING)
def test_nobody_is_reached_but_where_a_policy_says_so(name: str) -> None:
    known = policies(name)
    closed = known["closed"]["spec"]
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed
    assert "egress" not in closed
    for pod in whole_pods(name):
        assert known[pod.program]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for policy in known.values():
        for rule in [*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())]:
            assert rule.get("from") or rule.get("to"), "a rule without a peer is for everybody"
            assert rule["ports"]


@pytest.mark.parametrize("name", ["production", "production-operators"])
def test_certificates_name_whom_the_code_looks_for(name: str) -> None:
    certificates = of_kind(overlay(name), "Certificate")
    pods = {pod.program: pod for pod in whole_pods(name)}
    for program in (*FIVE, "door"):
        told = certificates[program]["spec"]
        domain = pods[program].settings["OMNITHREAD_TLS_TRUST_DOMAIN"]
        assert told["uris"] == [f"spiffe://{domain}/{program}"]
        assert program in told["dnsNames"]
        assert {"server auth", "client auth"} <= set(told["usages"])
        (volume,) = [one for one in pods[program].spec["volumes"] if one["name"] == "tls"]
        assert volume["secret"]["secretName"] == told["secretName"]


@pytest.mark.parametrize("name", ["production", "production-operators"])
def test_every_secret_comes_from_somewhere(name: str) -> None:
    objects = overlay(name)
    wanted = set(_secrets_mounted(objects))
    made = {one["spec"]["target"]["name"] for one in of_kind(objects, "ExternalSecret").values()}
    made |= {one["spec"]["secretName"] for one in of_kind(objects, "Certificate").values()}
    made |= of_kind(objects, "KafkaUser").keys()
    for one in of_kind(objects, "MongoDBCommunity").values():
        made |= {user["connectionStringSecretName"] for user in one["spec"]["users"]}
    by_platform = {"mongodb-tls", "omnithread-cluster-ca-cert"} if name == "production-operators" else set()
    assert wanted - made == by_platform


def _secrets_mounted(objects: tuple[Object, ...]) -> Iterator[str]:
    for workload in of_kind(objects, "StatefulSet", "Deployment").values():
        for volume in workload["spec"]["template"]["spec"]["volumes"]:
            if "secret" in volume:
                yield volume["secret"]["secretName"]
            for source in volume.get("projected", {}).get("sources", ()):
                if "secret" in source:
                    yield source["secret"]["name"]


def test_the_public_address_leads_to_every_public_service_and_to_no_internal_one() -> None:
    objects = overlay("production")
    routed: dict[str, set[str]] = {}
    for name, route in of_kind(objects, "GRPCRoute").items():
        (rule,) = route["spec"]["rules"]
        routed[name] = {match["method"]["service"] for match in rule["matches"]}
        (backend,) = rule["backendRefs"]
        assert backend["name"] == f"{name}-public"
        assert len(rule["matches"]) <= 64  # more than that the Gateway API does not take
    assert routed == {name: public_services(area) for name, area in AREAS.items()}
    (pages,) = of_kind(objects, "HTTPRoute").values()
    assert pages["spec"]["rules"][0]["backendRefs"] == [{"name": "door", "port": 28080}]


def public_services(area: str) -> set[str]:
    """Give the gRPC services of an area that channels may call, from the contract."""
    files = (ROOT / "protos/omnithread" / area / "v1").glob("*.proto")
    names = [
        name for file in files for name in re.findall(r"^service (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    return {f"omnithread.{area}.v1.{name}" for name in names if not name.endswith("InternalService")}


def test_the_gateway_believes_each_services_own_certificate_only() -> None:
    objects = overlay("production")
    names = {}
    for one in of_kind(objects, "BackendTLSPolicy").values():
        (target,) = one["spec"]["targetRefs"]
        names[target["name"]] = one["spec"]["validation"]["hostname"]
    assert names == {f"{service}-public": service for service in FIVE}


def test_streams_are_cut_by_nobody_in_front() -> None:
    objects = overlay("production")
    (calls,) = of_kind(objects, "BackendTrafficPolicy").values()
    assert {target["name"] for target in calls["spec"]["targetRefs"]} == of_kind(objects, "GRPCRoute").keys()
    times = calls["spec"]["timeout"]["http"]
    assert times["requestTimeout"] == "0s"
    assert int(times["streamIdleTimeout"].removesuffix("s")) > 60  # the longest heartbeat
    assert "retry" not in calls["spec"]


def test_each_user_of_kafka_has_the_rights_that_its_service_uses() -> None:
    settings = ServiceSettings()
    topics = {one["metadata"]["name"] for one in of_kind(overlay("production-operators"), "KafkaTopic").values()}
    assert topics == {settings.topic(area) for area in AREAS.values()}
    for name, user in of_kind(overlay("production-operators"), "KafkaUser").items():
        program = name.removesuffix("-kafka")
        rights: dict[tuple[str, str], set[str]] = {}
        for acl in user["spec"]["authorization"]["acls"]:
            assert acl["resource"]["patternType"] == "literal"
            key = acl["resource"]["type"], acl["resource"]["name"]
            rights[key] = rights.get(key, set()) | set(acl["operations"])
        wanted: dict[tuple[str, str], set[str]] = {("group", settings.group(one)): {"Read"} for one in groups(program)}
        for area in heard(program):
            wanted["topic", settings.topic(area)] = {"Read", "Describe"}
        own = "topic", settings.topic(AREAS[program])
        wanted[own] = wanted.get(own, set()) | {"Write", "Describe"}
        assert rights == wanted, program


def heard(program: str) -> set[str]:
    """Give the areas that a service hears, from its code; the one that shows open pages to all hears its own, too."""
    areas = {AREAS[other] for other in calls_in_code(program)}
    listening = {
        "profile": areas,
        "cart": areas,
        "preference": areas,
        "messaging": areas | {"messaging"},
        "aggregator": areas | {"context"},
    }
    return listening[program]


def groups(program: str) -> set[str]:
    """Give the consumer groups that a service is a member of, from its code."""
    found: set[str] = set()
    for file in (ROOT / "services" / program).rglob("*.py"):
        for word in re.findall(r"settings\.group\(([^)]+)\)", file.read_text(encoding="utf-8")):
            names = {"AREA": AREAS[program], "GROUP": "messaging-subscriptions"}
            found.add(names.get(word, word.strip('"')))
    return found


def test_each_user_of_mongodb_has_its_own_database_and_no_other() -> None:
    (cluster,) = of_kind(overlay("production-operators"), "MongoDBCommunity").values()
    settings = ServiceSettings()
    for user in cluster["spec"]["users"]:
        database = settings.database_name(user["name"])
        assert user["db"] == database
        assert user["roles"] == [{"db": database, "name": "readWrite"}]
    assert {user["name"] for user in cluster["spec"]["users"]} == FIVE.keys()


@pytest.mark.parametrize("what", ["serving", "migrating"])
def test_certificates_in_place_of_passwords_reach_each_pod(what: str) -> None:
    objects = rendered(ROOT / "tests/deploy/kubernetes/x509" / what)
    for name, workload in of_kind(objects, "StatefulSet", "Job").items():
        service = workload["metadata"]["labels"][NAMES]
        (trust,) = [one for one in workload["spec"]["template"]["spec"]["volumes"] if one["name"] == "trust"]
        assert trust["projected"]["sources"][-1] == {
            "secret": {
                "name": f"{service}-mongodb-client",
                "items": [{"key": "tls-combined.pem", "path": "mongodb-client.pem"}],
            }
        }, name
    subjects = {one["spec"].get("commonName") for one in of_kind(objects, "Certificate").values()}
    assert subjects >= FIVE.keys()
