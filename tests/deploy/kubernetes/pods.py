"""A pod as kubelet would start it: its command, its environment, and the files that are mounted into it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.deploy.kubernetes.rendering import Object, container_of, of_kind


class Missing(Exception):
    """A pod refers to something that nobody makes; it would never start."""


@dataclass(frozen=True, slots=True)
class Pod:
    """What kubelet needs to know to start the first replica of a workload."""

    name: str
    """Of the pod: `cart-0`."""
    program: str
    """`cart`."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    files: Mapping[str, str]
    """What is mounted, by path."""
    container: Object
    spec: Object
    """Of the pod."""

    @property
    def settings(self) -> dict[str, str]:
        """The part of its environment that our settings read."""
        return {name: value for name, value in self.environment.items() if name.startswith("OMNITHREAD_")}

    def port(self, name: str) -> int:
        """Give a container port by its name."""
        return next(int(port["containerPort"]) for port in self.container["ports"] if port["name"] == name)


def pod_of(workload: Object, objects: Iterable[Object]) -> Pod:
    """Work out the first pod of a workload. Raises Missing where it names what is not among `objects`."""
    known = tuple(objects)
    container, spec = container_of(workload), workload["spec"]["template"]["spec"]
    name = f"{workload['metadata']['name']}-0"
    facts = {
        "metadata.name": name,
        "metadata.uid": "00000000-0000-0000-0000-000000000000",
        "metadata.namespace": workload["metadata"].get("namespace", "default"),
        "spec.nodeName": "node-1",
    }
    configs = of_kind(known, "ConfigMap")
    environment: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        environment |= _found(configs, source["configMapRef"]["name"])["data"]
    for one in container.get("env", ()):
        environment[one["name"]] = one["value"] if "value" in one else facts[one["valueFrom"]["fieldRef"]["fieldPath"]]
    files: dict[str, str] = {}
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    for mount in container.get("volumeMounts", ()):
        for path, text in _files(volumes[mount["name"]], known).items():
            files[str(PurePosixPath(mount["mountPath"]) / path)] = text
    return Pod(
        name=name,
        program=workload["metadata"]["labels"]["app.kubernetes.io/name"],
        command=tuple(container["command"]),
        environment=environment,
        files=files,
        container=container,
        spec=spec,
    )


def _files(volume: Object, known: tuple[Object, ...]) -> dict[str, str]:
    if "secret" in volume:
        return _data(of_kind(known, "Secret"), {"name": volume["secret"]["secretName"]})
    files: dict[str, str] = {}
    for source in volume["projected"]["sources"]:
        (kind, told), *none = source.items()
        assert not none
        files |= _data(of_kind(known, {"configMap": "ConfigMap", "secret": "Secret"}[kind]), told)
    return files


def _data(known: dict[str, Object], told: Object) -> dict[str, str]:
    if told.get("optional") and told["name"] not in known:
        return {}
    one = _found(known, told["name"])
    data: dict[str, str] = {**one.get("data", {}), **one.get("stringData", {})}
    if "items" not in told:
        return data
    absent = [item["key"] for item in told["items"] if item["key"] not in data]
    if absent:
        raise Missing(f"{told['name']} has no {absent}")
    return {item["path"]: data[item["key"]] for item in told["items"]}


def _found(known: dict[str, Object], name: str) -> Object:
    if name not in known:
        raise Missing(f"there is no {name}")
    return known[name]
