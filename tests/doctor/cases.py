"""Every case of the test set: an application that is wrong in one way, and the right diagnosis."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doctor import faults, grammar
from tests.doctor.faults import also, on
from tests.doctor.mutations import misspell, of_wrong_type, renamed, snake, without
from tests.doctor.openings import (
    ACTION_HOOKS,
    AGENT,
    DIAL,
    HOOKED,
    MENU,
    QUEUE,
    ROOM,
    SAY,
    TRANSFER,
)
from tests.doctor.server import Application, Json, Spoil

SECONDS = 0.5
"""How long the doctor of these cases waits for an ack; the faults are late by this measure."""


@dataclass(frozen=True)
class Case:
    """One application that is wrong.

    Attributes:
        rules: Any of these is the right diagnosis.
        meant: The name that was misspelt, which is to be suggested.
        scenarios: What shows it; everything where it is empty.
    """

    kind: str
    name: str
    application: Application
    rules: tuple[str, ...]
    meant: str = ""
    scenarios: tuple[str, ...] = ()
    needs: Json = field(default_factory=dict)


def draw(*words: object) -> random.Random:
    """Chance that is the same in every run."""
    return random.Random("/".join(map(str, words)))


def in_first_ack(kind: str, name: str, verbs: list[Any], *rules: str, meant: str = "") -> Case:
    return Case(kind, name, Application(verbs), rules, meant, ("opening",))


# Verbs, as the data tells them.


def misspelt_verbs() -> Iterator[Case]:
    for verb in grammar.verb_names():
        wrong = misspell(verb, draw("verb", verb))
        if wrong not in grammar.verb_names():
            made = {**grammar.minimal(verb), "verb": wrong}
            yield in_first_ack("misspelt verb", wrong, [SAY, made], "unknown-verb", meant=verb)


def misspelt_options() -> Iterator[Case]:
    for verb in grammar.verb_names():
        for option in draw(verb).sample(
            grammar.options(verb), k=min(2, len(grammar.options(verb)))
        ):
            made = {**grammar.minimal(verb), option.name: grammar.value(verb, option)}
            wrong = misspell(option.name, draw(verb, option.name))
            if len(option.name) < 4 or wrong in {one.name for one in grammar.options(verb)}:
                continue
            yield in_first_ack(
                "misspelt option",
                f"{verb}.{wrong}",
                [renamed(made, option.name, wrong)],
                "unknown-option",
                meant=option.name,
            )


FREE = ("auth", "headers", "llmOptions", "credentials", "metadata", "data", "options", "tag")
"""Objects whose keys are the vendor's or the author's: nobody can tell a misspelt one."""


def deep_options() -> Iterator[tuple[str, grammar.Option, grammar.Option]]:
    """Verb, an object in it, and an option in that."""
    for verb in grammar.verb_names():
        if verb.endswith("_s2s") or verb in ("s2s", "room", "stream"):
            continue
        for outer in grammar.options(verb):
            if outer.name in FREE or not outer.type.startswith(("object", "ref:")):
                continue
            kind = outer.type.removeprefix("ref:")
            inner = grammar.options(verb, outer.name) or grammar.component(kind)
            for option in draw(verb, outer.name).sample(inner, k=min(2, len(inner))):
                if option.last not in FREE and len(option.last) > 3:
                    yield verb, outer, option


def misspelt_deep() -> Iterator[Case]:
    for verb, outer, option in deep_options():
        holder = grammar.value(verb, outer)
        if not isinstance(holder, dict):
            continue
        wrong = misspell(option.last, draw(verb, outer.name, option.last))
        holder = {**holder, option.last: grammar.value(verb, option)}
        made = {**grammar.minimal(verb), outer.name: renamed(holder, option.last, wrong)}
        yield in_first_ack(
            "misspelt option at depth",
            f"{verb}.{outer.name}.{wrong}",
            [made],
            "unknown-option",
            meant=option.last,
        )


def python_spelling() -> Iterator[Case]:
    for verb in grammar.verb_names():
        camel = [one for one in grammar.options(verb) if snake(one.name) != one.name]
        for option in camel[:1]:
            made = {**grammar.minimal(verb), option.name: grammar.value(verb, option)}
            wrong = renamed(made, option.name, snake(option.name))
            yield in_first_ack(
                "option in snake_case",
                f"{verb}.{snake(option.name)}",
                [wrong],
                "unknown-option",
                meant=option.name,
            )


def wrong_types() -> Iterator[Case]:
    for verb in grammar.verb_names():
        known = [one for one in grammar.options(verb) if of_wrong_type(one.type) is not None]
        for option in draw("type", verb).sample(known, k=min(2, len(known))):
            made = {**grammar.minimal(verb), option.name: of_wrong_type(option.type)}
            yield in_first_ack("wrong type", f"{verb}.{option.name}", [made], "wrong-value")


def wrong_words() -> Iterator[Case]:
    """A closed set of words, and another word."""
    for verb in grammar.verb_names():
        for option in grammar.options(verb):
            if option.type == "string" and option.enum and verb not in ("room", "stream"):
                made = {**grammar.minimal(verb), option.name: "something"}
                yield in_first_ack("wrong word", f"{verb}.{option.name}", [made], "wrong-value")
    for verb, outer, option in deep_options():
        if option.type == "string" and option.enum:
            holder = grammar.value(verb, outer)
            if isinstance(holder, dict):
                made = {**grammar.minimal(verb), outer.name: {**holder, option.last: "something"}}
                name = f"{verb}.{outer.name}.{option.last}"
                yield in_first_ack("wrong word", name, [made], "wrong-value")


def missing_options() -> Iterator[Case]:
    for verb in grammar.verb_names():
        for option in grammar.options(verb):
            if option.required:
                made = without(grammar.minimal(verb), option.name)
                yield in_first_ack(
                    "missing option", f"{verb}.{option.name}", [made], "missing-option"
                )


def no_verbs() -> Iterator[Case]:
    wrong = [
        "hangup",
        7,
        None,
        [],
        {},
        {"name": "say", "text": "x"},
        {"verb": ""},
        {"verb": 7},
        {"say": "Hello."},
        {"action": "say", "text": "x"},
        True,
        {"verb": None, "text": "x"},
    ]
    for index, item in enumerate(wrong):
        yield in_first_ack("no verb", str(index), [SAY, item], "bad-verb")


# Acks.


def each_hook() -> Iterator[tuple[str, list[Any], str]]:
    """A name, an opening, and the action hook in it."""
    for name, verb in HOOKED.items():
        yield name, [verb], ACTION_HOOKS[name]


def acks() -> Iterator[Case]:
    for name, opening, hook in each_hook():
        when = on("verb:hook", hook)
        yield from _of_ack(name, opening, when)
    openings: dict[str, list[Any]] = {"new": [SAY], "new, menu": [MENU], "new, agent": [AGENT]}
    for name, opening in openings.items():
        yield from _of_ack(name, opening, on("session:new"))
    openings = {"back": [SAY], "back, menu": [MENU]}
    for name, opening in openings.items():
        yield from _of_ack(name, opening, on("session:reconnect"))
    yield from _of_ack("confirm", [DIAL], on("dial:confirm"))
    yield from _of_ack(
        "redirect", [{"verb": "redirect", "actionHook": "/on"}], on("session:redirect")
    )


def _of_ack(name: str, opening: list[Any], when: faults.When) -> Iterator[Case]:
    def case(kind: str, spoil: Spoil, *rules: str) -> Case:
        return Case(kind, name, Application(opening, spoil=spoil), rules)

    yield case("late ack", faults.late(when, SECONDS * 1.2), "late-ack")
    yield case("slow ack", faults.late(when, SECONDS * 0.8), "slow-ack", "late-ack")
    yield case("no ack", faults.never(when), "no-ack")
    yield case("doubled ack", faults.twice(when), "doubled-ack")
    yield case("unknown msgid", faults.wrong_id(when, "msgid"), "unknown-msgid")
    yield case("ack without msgid", faults.edited(when, msgid=None), "unknown-msgid")


def empty_first_acks() -> Iterator[Case]:
    for index, data in enumerate(({}, "", "hangup", 0, 5, {"verb": "say", "text": "x"}, False)):
        spoil = faults.edited(on("session:new"), data=data)
        yield Case(
            "empty first ack", str(index), Application([SAY], spoil=spoil), ("empty-first-ack",)
        )
    for name in ("none", "none, twice", "none, again"):
        yield Case("empty first ack", name, Application([]), ("empty-first-ack",))
    spoil = faults.edited(on("session:new"), data=None)
    yield Case("empty first ack", "no data", Application([SAY], spoil=spoil), ("empty-first-ack",))


WAITING = {
    "/enqueue-waitHook": [QUEUE],
    "/conference-waitHook": [ROOM],
    "/conference-enterHook": [ROOM],
    "/dial-onHoldHook": [DIAL],
    "/transfer-onHoldHook": [TRANSFER],
}


def waiting_hooks() -> Iterator[Case]:
    for hook, opening in WAITING.items():
        when = on("verb:hook", hook)
        wrong: dict[str, Any] = {"none": None, "object": {"verb": "say", "text": "x"}, "text": "x"}
        for name, data in wrong.items():
            yield Case(
                "wait hook without array",
                f"{hook} {name}",
                Application(opening, spoil=faults.edited(when, data=data)),
                ("must-return-verbs",),
            )
        for verb in ("hangup", "gather", "dial"):
            verbs = [SAY, grammar.minimal(verb)]
            yield Case(
                "forbidden verb",
                f"{hook} {verb}",
                Application(opening, spoil=faults.edited(when, data=verbs)),
                ("forbidden-verb",),
            )


def ignored_data() -> Iterator[Case]:
    for name, opening, hook in each_hook():
        data: Any = {"verb": "hangup"} if len(name) % 2 else "hangup"
        spoil = faults.edited(on("verb:hook", hook), data=data)
        yield Case(
            "ack of no array", name, Application(opening, spoil=spoil), ("ack-data-ignored",)
        )


def swapped_msgids() -> Iterator[Case]:
    for name, opening, hook in each_hook():
        if name == "agent":
            continue
        answers = {hook: [{"verb": "say", "text": f"The answer to {hook}."}]}
        other = {**opening[0], "id": "other", "actionHook": f"/other{hook}"}
        for seconds in (0.02, 0.04):
            application = Application(
                [opening[0], other],
                {f"/other{hook}": [{"verb": "say", "text": "Another."}], **answers},
                faults.swapped(seconds),
            )
            yield Case("swapped msgids", f"{name}, {seconds}", application, ("swapped-acks",))


# Frames.


def frames() -> Iterator[Case]:
    for name, opening, hook in each_hook():
        when = on("verb:hook", hook)
        for kind, spoil, rule in (
            ("frame over the limit", faults.big(when, 24_600), "frame-too-large"),
            ("no JSON", faults.broken(when, as_bytes=False), "not-json"),
            ("binary frame", faults.broken(when, as_bytes=True), "binary-frame"),
        ):
            yield Case(kind, name, Application(opening, spoil=spoil), (rule,))
    for size in (24_576, 30_000, 200_000):
        spoil = faults.big(on("session:new"), size)
        yield Case(
            "frame over the limit",
            f"new {size}",
            Application([SAY], spoil=spoil),
            ("frame-too-large",),
        )


TYPES = [
    *("agent:update", "llm:update", "llm:tool-output", "tts:tokens", "tts:flush", "redirect"),
    *("response", "Ack", "ack ", "commands", "cmd", "session:update", "", None),
]


def own_types() -> Iterator[Case]:
    for index, type_ in enumerate(TYPES):
        frame = {"type": type_, "data": {"type": "update_instructions", "instructions": "x"}}
        if type_ is None:
            del frame["type"]
        when = on("session:new") if index % 2 else on("verb:hook", "/ended")
        application = Application([AGENT], spoil=also(when, frame))
        yield Case("own message type", str(type_), application, ("unknown-type",))
