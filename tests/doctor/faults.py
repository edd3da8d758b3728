"""What a misbehaving application does in place of the right answer: pure functions on JSON."""

import json
from collections.abc import Callable
from typing import Any

from tests.doctor.server import Close, Json, Raw, Spoil, Step, Then, Wait

When = Callable[[Json], bool]


def on(type_: str, hook: str = "") -> When:
    """When a message of this type, on this hook, has come."""
    return lambda message: (
        message.get("type") == type_ and (not hook or message.get("hook") == hook)
    )


def on_tool_call(message: Json) -> bool:
    return str(message.get("type")).endswith(":tool-call")


def instead(when: When, change: Callable[[list[Step]], list[Step]]) -> Spoil:
    """Change the answer to some messages."""

    def spoil(_memory: Json, message: Json, steps: list[Step]) -> list[Step]:
        return change(steps) if when(message) else steps

    return spoil


def late(when: When, seconds: float) -> Spoil:
    return instead(when, lambda steps: [Wait(seconds), *steps])


def never(when: When) -> Spoil:
    return instead(when, lambda _: [])


def twice(when: When) -> Spoil:
    return instead(when, lambda steps: [*steps, *steps])


def also(when: When, *more: Step) -> Spoil:
    return instead(when, lambda steps: [*steps, *more])


def edited(when: When, **fields: Any) -> Spoil:
    """Other fields in the answer; None takes a field away."""

    def edit(steps: list[Step]) -> list[Step]:
        merged = [{**step, **fields} if isinstance(step, dict) else step for step in steps]
        return [
            {key: value for key, value in step.items() if value is not None or key not in fields}
            if isinstance(step, dict)
            else step
            for step in merged
        ]

    return instead(when, edit)


def wrong_id(when: When, field: str) -> Spoil:
    """The id spelled backwards."""

    def edit(steps: list[Step]) -> list[Step]:
        return [
            {**step, field: str(step[field])[::-1]} if isinstance(step, dict) else step
            for step in steps
        ]

    return instead(when, edit)


def big(when: When, size: int) -> Spoil:
    """The answer with so much text in it."""

    def edit(steps: list[Step]) -> list[Step]:
        return [fattened(step, size) if isinstance(step, dict) else step for step in steps]

    return instead(when, edit)


def fattened(frame: Json, size: int) -> Json:
    text = "x" * size
    if frame["type"] == "command":
        return {**frame, "data": {"result": text}}
    return {**frame, "data": [{"verb": "say", "text": text}]}


def broken(when: When, as_bytes: bool) -> Spoil:
    """The answer, cut in the middle, or in a binary frame."""

    def edit(steps: list[Step]) -> list[Step]:
        texts = [json.dumps(step) for step in steps if isinstance(step, dict)]
        return [Raw(text.encode()) if as_bytes else Raw(text[: len(text) // 2]) for text in texts]

    return instead(when, edit)


def closing(when: When, code: int | None) -> Spoil:
    return instead(when, lambda steps: [*steps, Close(code)])


def swapped(seconds: float) -> Spoil:
    """Two hooks that are in flight together get each other's msgid; alone they are well."""

    def spoil(memory: Json, message: Json, steps: list[Step]) -> list[Step]:
        (mine,) = steps or [Wait(0)]
        if message.get("type") not in ("verb:hook", "dial:confirm") or not isinstance(mine, dict):
            return steps
        flight: list[str] = memory.setdefault("flight", [])
        flight.append(message["msgid"])

        def then() -> list[Step]:
            others = [msgid for msgid in flight if msgid != mine["msgid"]]
            if not others:
                flight.clear()
            return [{**mine, "msgid": others[0]} if others else mine]

        return [Wait(seconds), Then(then)]

    return spoil


def greeting_again(opening: list[Any]) -> Spoil:
    """After a reconnect the first verbs are sent once more."""
    frame: Json = {"type": "command", "command": "redirect", "data": opening}
    return also(on("session:reconnect"), frame)
