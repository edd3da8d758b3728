"""The manifests of `deploy/kubernetes` and the files beside them, read as their users read them."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
PREFIX = "CORDBOARD_"

Manifest = Mapping[str, Any]
SECRETS = {
    "api-keys": "k" * 64,
    "ws-password": "p" * 64,
    "secret-key": "s" * 64,
    "database-url": "postgresql://cordboard:secret@database/cordboard",
    "bus-url": "redis://:secret@valkey:6379",
}
"""What stands in the secret named `cordboard`, as docs/deploy.md makes it."""
POD_IP = "10.1.2.3"


@cache
def kustomization() -> Manifest:
    """What puts the manifests together."""
    return read(FOLDER / "kustomization.yaml")[0]


@cache
def manifests() -> Mapping[str, Manifest]:
    """Every object, by its kind."""
    found = [one for name in kustomization()["resources"] for one in read(FOLDER / name)]
    return {one["kind"]: one for one in found}


def read(path: Path) -> list[Manifest]:
    """The documents of a file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def pod() -> Manifest:
    """What a pod is made from."""
    spec: Manifest = manifests()["Deployment"]["spec"]["template"]["spec"]
    return spec


def container() -> Manifest:
    """The one container of a pod."""
    (only,) = pod()["containers"]
    found: Manifest = only
    return found


def environment() -> dict[str, str]:
    """The variables that a process finds in a pod, those of the image included."""
    found = dict(of_image())
    (configured,) = kustomization()["configMapGenerator"]
    found |= dict(each.split("=", 1) for each in configured["literals"])
    for each in container()["env"]:
        found[each["name"]] = _value(each).replace("$(POD_IP)", POD_IP)
    return {name: value for name, value in found.items() if name.startswith(PREFIX)}


def _value(each: Manifest) -> str:
    if "value" in each:
        return str(each["value"])
    source = each["valueFrom"]
    if "fieldRef" in source:
        assert source["fieldRef"] == {"fieldPath": "status.podIP"}
        return POD_IP
    assert source["secretKeyRef"]["name"] == "cordboard"
    return SECRETS[source["secretKeyRef"]["key"]]


@cache
def of_image() -> Mapping[str, str]:
    """The variables that the Dockerfile sets, its user, and the folder that it may write to."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    words = [word for line in text.splitlines() for word in line.split() if line.startswith("ENV")]
    return dict(word.split("=", 1) for word in words if "=" in word)


def walk(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping within a value."""
    if isinstance(value, Mapping):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value:
        if isinstance(inner, Mapping | list):
            yield from walk(inner)
