"""Read scenarios from YAML files and folders."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from app.sim.nodes import Node, ScenarioError, documents
from app.sim.read_expect import read_check, read_rules
from app.sim.read_steps import read_steps
from app.sim.scenario import Goal, Persona, Scenario
from app.sim.styles import STYLES

FIELDS = (
    *("name", "about", "path", "url", "tags", "from", "to", "direction", "callees", "env", "tag"),
    *("clock", "data", "seed", "persona", "steps", "expect", "judge", "repeat"),
)
CALLEES = ("stays", "answer", "busy", "no-answer", "failed")
SUFFIXES = (".yaml", ".yml")


def read_scenarios(paths: Iterable[Path]) -> list[Scenario]:
    """Read every scenario of some files, and of all YAML files in some folders.

    Raises:
        ScenarioError: If anything is wrong; the message lists all of it.
    """
    problems: list[str] = []
    found = [
        scenario
        for path in _files(paths, problems)
        for node in documents(path, problems)
        if (scenario := node.attempt(_scenario))
    ]
    problems += _repeated(found)
    if not found and not problems:
        problems.append("there is no scenario in what was given")
    if problems:
        raise ScenarioError(problems)
    return found


def _files(paths: Iterable[Path], problems: list[str]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
        if not inside:
            problems.append(f"{path}: there is no .yaml file in this folder")
        yield from inside


def _repeated(scenarios: Iterable[Scenario]) -> Iterator[str]:
    seen: dict[str, Scenario] = {}
    for one in scenarios:
        if one.name in seen:
            yield f"{one.place}: name: {one.name!r} is also that of {seen[one.name].place}"
        seen[one.name] = one


def _scenario(node: Node) -> Scenario:
    fields = node.fields(FIELDS, "a scenario")
    if "path" not in fields and "url" not in fields:
        node.tell(node.wrong("path: /weather, or url: ws://…"))
    if "persona" not in fields and "steps" not in fields:
        node.tell(node.wrong("steps of a script, or a persona"))
    texts = {
        name: fields.read(name, Node.text, default)
        for name, default in (("from", "+15085551212"), ("to", "+16175550100"), ("url", ""))
    }
    criteria, judge_model = fields.read("judge", _judge, ((), ""))
    is_outbound = fields.read("direction", _direction, "inbound") == "outbound"
    return Scenario(
        name=fields.must("name", _name, ""),
        place=node.place,
        path=fields.read("path", _path, ""),
        url=texts["url"],
        tags=fields.read("tags", lambda tags: tags.all(Node.text), ()),
        from_=texts["from"],
        to=texts["to"],
        direction="outbound" if is_outbound else "inbound",
        callees=fields.read("callees", lambda callees: callees.all(_callee), ()),
        env=fields.read("env", Node.object, dict[str, Any]()),
        tag=fields.read("tag", Node.object, dict[str, Any]()),
        clock=fields.read("clock", _clock, None),
        data=fields.read("data", Node.object, dict[str, Any]()),
        seed=fields.read("seed", lambda seed: seed.count(least=0), None),
        persona=fields.read("persona", _persona, None),
        steps=fields.read("steps", read_steps, ()),
        expect=fields.read("expect", read_rules, ()),
        judge=criteria,
        judge_model=judge_model,
        repeat=fields.read("repeat", Node.count, 1),
    )


def _name(node: Node) -> str:
    name = node.text().strip()
    if not name or "#" in name:
        raise node.wrong("a name without #")
    return name


def _path(node: Node) -> str:
    path = node.text()
    if not path.startswith("/"):
        raise node.wrong("a path that begins with /", hint=f"did you mean /{path}?")
    return path


def _direction(node: Node) -> str:
    return node.choice(("inbound", "outbound"), "a direction")


def _callee(node: Node) -> str:
    return node.choice(CALLEES, "what a called party does")


def _clock(node: Node) -> datetime:
    try:
        return datetime.fromisoformat(node.text())
    except ValueError:
        raise node.wrong("a day and hour such as 2026-03-02T09:00") from None


def _judge(node: Node) -> tuple[tuple[str, ...], str]:
    if not node.is_mapping:
        return node.all(Node.text), ""
    fields = node.fields(("model", "criteria"), "judge")
    criteria = fields.must("criteria", lambda inner: inner.all(Node.text), ())
    return criteria, fields.read("model", _judging_model, "")


def _judging_model(node: Node) -> str:
    if node.text().startswith("offline"):
        raise node.wrong("a model of a vendor", hint="the offline one knows words, no meanings")
    return node.text()


def _persona(node: Node) -> Persona:
    if not node.is_mapping:
        raise node.wrong("a mapping with goals", hint="write persona: {style: …, goals: […]}")
    known = ("style", "who", "goals", "facts", "model", "max_turns")
    fields = node.fields(known, "a persona")
    return Persona(
        style=fields.read("style", lambda style: style.choice(STYLES, "a stock persona"), "plain"),
        who=fields.read("who", Node.text, ""),
        goals=fields.must("goals", lambda goals: goals.all(_goal), ()),
        facts=fields.read("facts", _facts, dict[str, str]()),
        model=fields.read("model", Node.text, ""),
        max_turns=fields.read("max_turns", Node.count, 12),
    )


def _facts(node: Node) -> dict[str, str]:
    return {name: inner.text() for name, inner in node.pairs()}


def _goal(node: Node) -> Goal:
    if not node.is_mapping:
        return Goal(node.text())
    fields = node.fields(("goal", "met"), "a goal")
    return Goal(fields.must("goal", Node.text, ""), fields.read("met", read_check, None))
