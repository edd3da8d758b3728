"""Collects what a list of verbs refers to while it is written as JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.hook import Hook
from app.protocol.ended import AgentEnded
from app.protocol.roles import ANY, HookRole, role_of_option
from app.verbs.errors import Problem, VerbError
from app.verbs.names import python_name

if TYPE_CHECKING:
    from app.verbs.part import Part

Wire = dict[str, Any]
NO_ROLES: frozenset[HookRole] = frozenset()


@dataclass(slots=True)
class Render:
    """One rendering.

    Attributes:
        values: Call data for templates.
        hooks: Hook objects met, by label.
        names: Hook names met that were given as plain strings and come over this socket.
        roles: What the hooks met are for, by label or name, where not the payload tells it.
        agents: What the agents met tell about themselves.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    hooks: dict[str, Hook[..., Any]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    roles: dict[str, frozenset[HookRole]] = field(default_factory=dict)
    agents: list[Any] = field(default_factory=list)

    def hook(self, value: Any, role: HookRole = ANY) -> object:
        """A reference to a hook, as jambonz reads it."""
        if isinstance(value, Hook):
            self.note_role(value.label, role)
            return self.label(value)
        wire = value if isinstance(value, str) else self.value(value)
        self.note(self.url(wire), role)
        return wire

    @staticmethod
    def url(wire: Any) -> str:
        """Name or URL of a hook on the wire, which may be an object."""
        return str(wire["url"] if isinstance(wire, Mapping) else wire)

    def include(self, static: "Static") -> None:
        """Note what a verb refers to that was rendered before."""
        self.names |= static.names
        add_roles(self.roles, static.roles)
        for hook in static.hooks.values():
            self.label(hook)

    def label(self, hook: Hook[..., Any]) -> str:
        """The label of a Hook object, which must mean one function only."""
        known = self.hooks.setdefault(hook.label, hook)
        if known.function is not hook.function:
            text = f"two hooks share the label {hook.label!r}; give one another name="
            raise VerbError("verbs", [Problem(text)])
        return hook.label

    def note(self, name: object, role: HookRole = ANY) -> None:
        """Remember a hook name that somebody must answer over this socket."""
        if isinstance(name, str) and not is_external(name):
            self.names.add(name)
            self.note_role(name, role)

    def note_role(self, name: str, role: HookRole) -> None:
        """Remember what a hook is for, unless every payload of it tells."""
        if role is not ANY and role.event is not AgentEnded:
            self.roles[name] = self.roles.get(name, NO_ROLES) | {role}

    def value(self, value: Any) -> Any:
        """An option's value: objects are opened, everything else stays as it is."""
        if hasattr(value, "to_wire"):
            part: Part = value
            return part.to_wire(self)
        if isinstance(value, list):
            return [self.item(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(inner) for key, inner in value.items()}
        return value

    def item(self, value: Any) -> Any:
        """A member of a list: here a verb is an instruction with its name."""
        return value.render_verb(self) if hasattr(value, "render_verb") else self.value(value)

    def free(self, value: Any) -> Any:
        """Author's JSON, whose keys stay; hooks in it are noted by the ends of their keys."""
        if isinstance(value, Hook):
            return self.hook(value)
        if isinstance(value, list | tuple):
            return [self.free(item) for item in value]
        if isinstance(value, Mapping):
            return {key: self.free_member(key, inner) for key, inner in value.items()}
        return self.item(value)

    def free_member(self, key: str, value: Any) -> Any:
        """A member of the author's JSON."""
        if not key.endswith(("Hook", "_hook")):
            return self.free(value)
        role = role_of_option("", python_name(key))
        if isinstance(value, Hook):
            return self.hook(value, role)
        self.note(value.get("url") if isinstance(value, Mapping) else value, role)
        return self.free(value)


@dataclass(frozen=True, slots=True)
class Static:
    """A verb that is the same in every call, with what it refers to."""

    wire: Wire
    hooks: Mapping[str, Hook[..., Any]]
    names: frozenset[str]
    roles: Mapping[str, frozenset[HookRole]] = field(default_factory=dict)


def add_roles(
    roles: dict[str, frozenset[HookRole]], more: Mapping[str, frozenset[HookRole]]
) -> None:
    """Take over roles; a hook may have several."""
    for name, found in more.items():
        known = roles.get(name)
        roles[name] = found if known is None else known | found


def is_external(name: str) -> bool:
    """Whether a hook is called over HTTP; one with ``ws(s)://`` comes over this socket too."""
    return name.lower().startswith(("http://", "https://"))
