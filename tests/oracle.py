"""An independent judge of what we write: the JSON Schemas in the package jambonz-python-sdk.

The published schemas let unknown properties pass in many places, so that a misspelt wire name
would pass too. Here every object that lists its properties is closed to others.
"""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs here
from referencing import Registry, Resource

ROOT = "https://jambonz.org/schema"

# What is published as a reference to another one.
SAME = {"verbs/room": "verbs/conference"}

# What jambonz reads although the schema does not list it, or leaves open.
KNOWN_BETTER: dict[str, dict[str, Any]] = {
    "components/actionHook": {"username": {"type": "string"}, "password": {"type": "string"}},
    "verbs/say": {"closeOnStreamEmpty": {"type": "boolean"}},
}
# Objects with the vendors' own keys, of which the schemas list some.
VENDORS_OWN = ("auth", "connectOptions", "llmOptions")
# What is only ever brought by allOf, and closed by who brings it.
BROUGHT = ("components/llm-base", "components/transferOptions")


def folder() -> Path:
    """Where the package keeps its schemas."""
    spec = importlib.util.find_spec("jambonz_sdk")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "schema"


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema as published, for example ``verbs/agent``."""
    spelled = SAME.get(name, name).replace("sip:", "sip-").replace("rest:", "rest_")
    path = folder() / f"{spelled}.schema.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def names(group: str) -> list[str]:
    """Every published schema of ``verbs`` or ``components``."""
    files = (folder() / group).glob("*.schema.json")
    short = (path.name.removesuffix(".schema.json") for path in files)
    spelled = (name.replace("sip-", "sip:").replace("rest_", "rest:") for name in short)
    return sorted(f"{group}/{name}" for name in spelled)


def close(node: Any, name: str, is_whole: bool = True) -> Any:
    """The same schema, in which objects take only what is listed."""
    if isinstance(node, list):
        return [close(item, name, False) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {
        key: value if key in VENDORS_OWN else close(value, name, False)
        for key, value in node.items()
    }
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        closed["properties"] |= KNOWN_BETTER.get(name, {})
        if is_whole and name in BROUGHT:
            return closed
        # What allOf brings is known too.
        closed["unevaluatedProperties" if "allOf" in node else "additionalProperties"] = False
    return closed


@cache
def registry() -> Registry[Any]:
    """Every closed schema by its id."""
    resources = []
    for path in sorted(folder().glob("*/*.schema.json")):
        name = f"{path.parent.name}/{path.name.removesuffix('.schema.json')}"
        if path.parent.name in ("components", "verbs"):
            closed = loosen(close(json.loads(path.read_text()), name), name)
            resources.append((closed["$id"], Resource.from_contents(closed)))
    return Registry().with_resources(resources)


def loosen(closed: dict[str, Any], name: str) -> dict[str, Any]:
    """Mend what closing made wrong."""
    properties = closed.get("properties", {})
    if name == "verbs/config":  # its description names the option
        properties["noiseIsolation"]["properties"]["direction"] = {"enum": ["read", "write"]}
    if name == "components/target":  # published so that no text is valid: it is valid twice
        properties["confirmHook"] = {"$ref": f"{ROOT}/components/actionHook"}
    return closed


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a verb or a component."""
    return Draft202012Validator({"$ref": f"{ROOT}/{name}"}, registry=registry())


def complaints(wire: Any, name: str | None = None) -> list[str]:
    """What the schemas have against a verb, or against an object named ``name``."""
    found = validator(name or f"verbs/{wire['verb']}").iter_errors(wire)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def examples(name: str) -> list[dict[str, Any]]:
    """The examples that are published with a schema."""
    found: list[dict[str, Any]] = schema(name).get("examples", [])
    return found
