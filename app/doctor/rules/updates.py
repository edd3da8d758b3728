"""The four forms of agent:update."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.doctor.finding import Finding
from app.doctor.rules.names import nearest
from app.doctor.rules.seen import show
from app.doctor.rules.shapes import BOOL, TEXT, Kind, Misfit, Shape, misfits
from app.doctor.rules.wire import instead
from app.doctor.transcript import Came

ROLES = ("system", "user", "assistant", "tool")


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("role") in ROLES and "content" in value


def _is_tool(value: Any) -> bool:
    inner = value.get("function", value) if isinstance(value, Mapping) else None
    return isinstance(inner, Mapping) and isinstance(inner.get("name"), str)


MESSAGES = Kind(
    f"a list of {{role, content}}, role one of {', '.join(ROLES)}",
    lambda value: isinstance(value, list) and all(map(_is_message, value)),
)
TOOLS = Kind(
    "a list of {name, description, parameters}",
    lambda value: isinstance(value, list) and all(map(_is_tool, value)),
)
TYPE = Kind("the type", lambda _: True)

FORMS: Mapping[str, Shape] = {
    "update_instructions": {"type!": TYPE, "instructions!": TEXT},
    "inject_context": {"type!": TYPE, "messages!": MESSAGES},
    "update_tools": {"type!": TYPE, "tools!": TOOLS},
    "generate_reply": {
        "type!": TYPE,
        "user_input": TEXT,
        "instructions": TEXT,
        "interrupt": BOOL,
    },
}
"""Each update with its fields."""


def bad_update(came: Came) -> Iterator[Finding]:
    """What is wrong with the data of an agent:update."""
    data = came.frame["data"]
    type_ = data.get("type") if isinstance(data, Mapping) else None
    if not isinstance(type_, str) or type_ not in FORMS:
        close = nearest(type_, FORMS) if isinstance(type_, str) else None
        came_ = show(type_) if isinstance(data, Mapping) and type_ is not None else show(data)
        yield _told(came, Misfit("data.type", came_, f"one of {', '.join(FORMS)}", close))
        return
    yield from (_told(came, found) for found in misfits(data, FORMS[type_]))


def _told(came: Came, found: Misfit) -> Finding:
    return Finding(
        "bad-agent-update",
        f"command agent:update: {found.path}",
        found.came,
        found.expected,
        instead(found.suggestion),
        suggestion=found.suggestion,
        at=came.at,
    )
