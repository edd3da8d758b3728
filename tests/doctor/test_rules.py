"""Rules that no case of the large set tries, and the edges of those that it does."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.doctor import RULES, SCENARIOS, Limits, Options, desk_for, examine, report
from app.doctor.rules import Seen, judge
from app.doctor.rules.seen import show
from app.doctor.rules.wire import flaws
from app.doctor.transcript import Came, Closed, Opened, Sent, Transcript
from tests.doctor.examining import PATIENT, look_at
from tests.doctor.faults import also, closing, edited, on, on_tool_call
from tests.doctor.openings import AGENT, DIAL, MENU, SAY
from tests.doctor.server import Application, Json, ward

NEW: Json = {"type": "session:new", "msgid": "one", "data": {}}
OUTPUT: Json = {"type": "command", "command": "llm:tool-output", "data": {"degrees": 11}}
OPENED = Opened(0, 0, 0.01, "ws.jambonz.org", "")
ACKED = Came(0.02, 0, {"type": "ack", "msgid": "one", "data": [SAY]}, "", 50)


def seen(*entries: Any, ended: float = 10, **fields: Any) -> list[str]:
    """The rules that a call breaks which began well and went on like this."""
    sent = Sent(0.01, 0, NEW, "ack", "session:new")
    transcript = Transcript("hooks", [OPENED, sent, ACKED, *entries], ended, **fields)
    return [found.rule for found in judge(Seen(transcript, Limits()))]


def hook(at: float, msgid: str = "two") -> Sent:
    return Sent(at, 0, {"type": "verb:hook", "msgid": msgid}, "ack", f"verb:hook {msgid}")


def ack(at: float, msgid: str = "two") -> Came:
    return Came(at, 0, {"type": "ack", "msgid": msgid}, "", 50)


async def rules_of(application: Application, **options: Any) -> set[str]:
    async with ward() as opened:
        desk = desk_for(Options(url=opened.admit(application), **options))
        desk.limits = PATIENT
        return {found.rule for found in (await examine(desk, limit=30)).findings}


@pytest.mark.parametrize(
    ("took", "rules"), [(0.1, []), (2.9, []), (3.1, ["slow-ack"]), (5.1, ["late-ack"])]
)
def test_an_ack_is_slow_from_three_seconds_and_late_from_five(
    took: float, rules: list[str]
) -> None:
    assert seen(hook(1), ack(1 + took)) == rules


def test_an_ack_is_missing_only_where_there_was_time_for_it() -> None:
    assert seen(hook(1), ended=8) == ["no-ack"]
    assert seen(hook(6), ended=8) == []
    assert seen(hook(1), Closed(2, 0, 1006)) == ["closed-mid-call"]


def test_a_socket_may_be_given_up_after_a_hangup_and_not_before() -> None:
    hangup = Came(2, 0, {"type": "ack", "msgid": "two", "data": [{"verb": "hangup"}]}, "", 50)
    behind = Came(2, 0, {**hangup.frame, "data": [MENU, {"verb": "hangup"}]}, "", 50)

    assert seen(hook(1), hangup, Closed(3, 0, 1000)) == []
    assert seen(hook(1), behind, Closed(3, 0, 1000)) == ["closed-with-1000"]
    assert seen(Closed(11, 0, 1000), ended=10) == []


def test_answers_are_swapped_only_where_each_got_what_belongs_to_the_other() -> None:
    def answer(at: float, msgid: str, text: str) -> Came:
        frame = {"type": "ack", "msgid": msgid, "data": [{"verb": "say", "text": text}]}
        return Came(at, 0, frame, "", 50)

    alone = {"two": [{"verb": "say", "text": "a"}], "three": [{"verb": "say", "text": "b"}]}
    pair = [hook(1), hook(1.1, "three")]

    assert seen(*pair, answer(2, "two", "b"), answer(2, "three", "a"), alone=alone) == [
        "swapped-acks"
    ]
    assert seen(*pair, answer(2, "two", "a"), answer(2, "three", "b"), alone=alone) == []
    assert seen(*pair, answer(2, "two", "c"), answer(2, "three", "d"), alone=alone) == []


def test_calls_that_cannot_be_placed_are_told_of() -> None:
    def rules(scenario: str, *entries: Any) -> list[str]:
        transcript = Transcript(scenario, list(entries), given_up="upgrade refused: 503")
        return [found.rule for found in judge(Seen(transcript, Limits()))]

    assert rules("hooks") == ["refuses-further-calls"]
    assert rules("reconnect", OPENED) == ["refuses-further-calls"]
    assert rules("adulting") == ["no-adulting"]


def test_a_process_that_ends_in_between_is_told_of() -> None:
    transcript = Transcript("unknown", given_up="connection failed: 127.0.0.1:1: refused")

    assert [found.rule for found in judge(Seen(transcript, Limits()))] == ["process-ended"]


async def test_acks_that_nobody_awaits_are_a_hint() -> None:
    def ack_everything(_: Json, message: Json, steps: list[Any]) -> list[Any]:
        return steps or [{"type": "ack", "msgid": message["msgid"]}]

    async with ward() as opened:
        url = opened.admit(Application([SAY], spoil=ack_everything))
        examination = await look_at(url, PATIENT, ("opening",))

    assert [found.rule for found in examination.findings] == ["needless-ack"]
    assert report.grade(examination) == "A"


async def test_verbs_for_a_notification_are_a_hint() -> None:
    opening = [{**MENU, "partialResultHook": "/partial"}]
    spoil = edited(on("verb:hook", "/partial"), data=[SAY])

    assert await rules_of(Application(opening, spoil=spoil)) == {"verbs-ignored"}


async def test_a_command_that_texts_know_and_jambonz_does_not_is_told_with_its_data() -> None:
    hangup = also(on("session:new"), {"type": "command", "command": "hangup"})
    async with ward() as opened:
        url = opened.admit(Application([SAY], spoil=hangup))
        (found,) = (await look_at(url, PATIENT, ("opening",))).findings

    assert (found.rule, found.suggestion) == ("unknown-command", "call:status")
    assert '{"call_status": "completed"}' in found.what_to_do


async def test_verbs_for_a_reconnect_are_a_hint() -> None:
    spoil = edited(on("session:reconnect"), data=[SAY])

    assert await rules_of(Application([SAY], spoil=spoil)) == {"verbs-ignored"}


async def test_an_agent_whose_tools_nobody_answers_is_told_of() -> None:
    mute = {key: value for key, value in AGENT.items() if key != "toolHook"}
    without = {**mute, "llm": {"vendor": "openai", "model": "gpt-4.1-mini"}}

    assert await rules_of(Application([mute])) == {"tools-without-hook"}
    assert await rules_of(Application([without])) == set()


async def test_a_hook_that_fails_is_not_blamed_on_what_was_sent_before_it() -> None:
    spoil = closing(on("verb:hook", "/menu"), None)

    assert await rules_of(Application([MENU], spoil=spoil)) == {"closed-without-code"}


async def test_a_single_verb_in_place_of_a_list_is_told_to_be_put_into_one() -> None:
    for when in (on("session:new"), on("verb:hook", "/menu")):
        async with ward() as opened:
            url = opened.admit(Application([MENU], spoil=edited(when, data=SAY)))
            (found,) = (await look_at(url, PATIENT, ("hooks",))).findings

        assert found.what_to_do == "Put the verb into an array: [{…}]."


def test_where_no_tool_call_is_answered_the_fix_names_the_message() -> None:
    def fixes(*ids: str) -> list[str]:
        message = {"type": "agent:tool-call", "msgid": "two"}
        calls = [
            Sent(1, 0, message, "output", "a call", "agent.toolHook", one) for one in ("a", "b")
        ]
        outputs = [Came(2, 0, {**OUTPUT, "tool_call_id": one}, "", 50) for one in ids]
        sent = Sent(0.01, 0, NEW, "ack", "session:new")
        transcript = Transcript("hooks", [OPENED, sent, ACKED, *calls, *outputs], 40)
        return [found.what_to_do for found in judge(Seen(transcript, Limits()))]

    assert all("Listen for agent:tool-call" in one for one in fixes())
    assert len(fixes()) == 2
    assert fixes("a") == [RULES["no-tool-output"].fix]


async def test_an_output_that_is_no_object_is_a_hint() -> None:
    spoil = edited(on_tool_call, data="52 degrees")

    assert await rules_of(Application([AGENT], spoil=spoil)) == {"scalar-tool-output"}


async def test_open_source_jambonz_has_no_agent() -> None:
    assert await rules_of(Application([AGENT]), knows_agent=False) == {"needs-commercial"}


async def test_a_server_without_a_path_for_legs_gets_a_hint() -> None:
    async with ward() as opened:
        url = opened.admit(Application([DIAL]))
        opened.closed_paths.add("/a0/adulting")
        examination = await look_at(url, PATIENT, ("adulting",))

    assert [found.rule for found in examination.findings] == ["no-adulting"]


async def test_a_call_in_every_dialect_finds_nothing_wrong_with_an_application_that_is_well() -> (
    None
):
    found = await asyncio.gather(
        *(
            rules_of(Application([AGENT]), dialect=dialect)
            for dialect in ("agent", "docs", "llm", "hook")
        )
    )

    assert found == [set(), set(), set(), set()]


async def test_verbs_that_come_by_redirect_are_tried_too() -> None:
    late = {"type": "command", "command": "redirect", "data": [{**MENU, "actionHook": "/second"}]}
    wrong = edited(on("verb:hook", "/second"), data=[{"verb": "hangpu"}])
    redirecting = also(on("verb:hook", "/menu"), late)

    def spoil(memory: Json, message: Json, steps: list[Any]) -> list[Any]:
        return wrong(memory, message, redirecting(memory, message, steps))

    assert await rules_of(Application([MENU], spoil=spoil)) == {"unknown-verb"}


def test_the_wire_knows_neither_snake_case_nor_texts_for_objects() -> None:
    def found(verb: Json) -> list[tuple[str, str, str | None]]:
        return [(flaw.rule, flaw.path, flaw.suggestion) for flaw in flaws(verb)]

    assert found({"verb": "gather", "action_hook": "/x"}) == [
        ("unknown-option", "gather.action_hook", "actionHook")
    ]
    assert found({"verb": "gather", "actionHook": "/x", "say": "Hello."}) == [
        ("wrong-value", "gather.say", None)
    ]
    assert found({"verb": "agent", "stt": "deepgram:nova-3"}) == [
        ("wrong-value", "agent.stt", None)
    ]
    assert found({"verb": "agent", "instructions": "Be kind.", "llm": {"vendor": "openai"}}) == [
        ("unknown-option", "agent.instructions", None)
    ]


def test_errors_of_typed_verbs_are_told_in_the_names_of_the_wire() -> None:
    options: Json = {
        "systemPrompt": "Say {{anything}}.",
        "maxTokens": "many",
        "reasoningEfort": "low",
    }
    options |= {"tools": [{"name": "get_weather", "parameters": "object"}]}
    verb = {"verb": "agent", "llm": {"vendor": "openai", "llmOptions": options}}
    told = {flaw.path: flaw for flaw in flaws({**verb, "bargeIn": {"min_speech": 1}})}

    assert told["agent.llm.llmOptions.reasoningEfort"].fix == "Write reasoningEffort."
    assert told["agent.llm.llmOptions.maxTokens"].came == '"many"'
    assert told["agent.llm.llmOptions.tools[0].parameters"].expected == "an object"
    assert told["agent.bargeIn.min_speech"].suggestion == "minSpeechDuration"
    assert not any("_" in flaw.expected for flaw in told.values())


def test_a_misspelling_explains_what_is_missing() -> None:
    (flaw,) = flaws({"verb": "dial", "taregt": [{"type": "phone", "number": "+1508"}]})

    assert (flaw.rule, flaw.suggestion) == ("unknown-option", "target")


def test_secrets_are_not_shown() -> None:
    llm = {"vendor": "openai", "auth": {"apiKey": ["secret"]}}
    told = repr(list(flaws({"verb": "agent", "llm": llm, "tts": {"auth": "secret"}})))

    assert "secret" not in told
    assert "secret" not in show([{"auth": {"apiKey": "secret"}, "password": "secret"}])


async def test_an_application_that_never_ends_is_left_after_a_while() -> None:
    def endless(memory: Json, message: Json, steps: list[Any]) -> list[Any]:
        if message.get("type") != "verb:hook":
            return steps
        memory["count"] = memory.get("count", 0) + 1
        data = [{**MENU, "actionHook": f"{message['hook']}/{memory['count']}"}]
        return [{"type": "ack", "msgid": message["msgid"], "data": data}]

    async with ward() as opened:
        url = opened.admit(Application([MENU], spoil=endless))
        examination = await look_at(url, PATIENT, ("hooks",))

    assert not examination.findings
    assert not examination.unfinished


def test_limits_are_scaled_together() -> None:
    assert Limits().scaled(2).ack == 10
    assert Limits().scaled(0.5) == replace(Limits().scaled(1).scaled(0.5))


def test_every_scenario_and_rule_says_what_it_is_about() -> None:
    assert all(scenario.says for scenario in SCENARIOS.values())
    assert all(rule.fix.endswith(".") for rule in RULES.values())
