"""Whether a hook function can answer where it is placed, as far as its annotations tell."""

import typing
from collections.abc import Iterable, Iterator

from app.hook import Hook, parts_of
from app.protocol.roles import HookRole
from app.signature import MISSING


def misfit(hook: Hook[..., typing.Any], role: HookRole) -> str:
    """Why a hook can never serve in a role, and the fix; empty where it may."""
    if hook.events and not any(are_related(kind, role.event) for kind in hook.events):
        wanted = ", ".join(kind.__name__ for kind in hook.events[:3])
        told = role.event.__name__
        return (
            f"{hook.name} takes {wanted}, but the {role.name} is told {told}; annotate its event "
            f"`{told}`, or give it to another option"
        )
    if role.answer != "sound" or role.allowed is None:
        return ""
    returned = set(returned_verbs(hook.returns))
    if "" in returned or returned & role.allowed:
        return ""
    came = ", ".join(sorted(returned)) or "nothing"
    allowed = ", ".join(sorted(role.allowed))
    return (
        f"{hook.name} returns {came}, but the {role.name} must return verbs out of {allowed}; "
        "annotate it `-> list[Verb]` and return them"
    )


def are_related(one: type, other: type) -> bool:
    """Whether a value of one class may be one of the other."""
    return issubclass(one, other) or issubclass(other, one)


def returned_verbs(annotation: object) -> Iterator[str]:
    """The names of the verbs in an annotation; an empty one stands for whatever it may be."""
    if annotation is MISSING:
        yield ""
        return
    for part in parts_of(annotation):
        inner = typing.get_args(part)
        if part is type(None):
            continue
        if inner and is_list(typing.get_origin(part)):
            yield from (name for one in inner if one is not ... for name in returned_verbs(one))
        else:
            yield name_of(part)


def is_list(origin: object) -> bool:
    """Whether a generic type holds a verb after another."""
    return isinstance(origin, type) and issubclass(origin, Iterable) and origin is not dict


def name_of(kind: object) -> str:
    """The verb that a class stands for."""
    name = getattr(kind, "verb", "") if isinstance(kind, type) else ""
    return name if isinstance(name, str) else ""
