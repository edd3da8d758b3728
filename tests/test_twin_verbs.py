"""How the twin plays each verb, and what their acks do to the stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.twin import Outcome, Pace, Twin, TwinCall
from tests.twin_app import SILENCE, Message, serving

PHONE = [{"type": "phone", "number": "+15085559999"}]
SAY_NEXT = {"verb": "say", "text": "Next."}


def gather(**options: Any) -> Message:
    return {"verb": "gather", "id": "menu", "actionHook": "/menu", **options}


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


# ---------------------------------------------------------------- the stack


async def test_verbs_run_in_order_and_then_the_call_idles() -> None:
    verbs = [{"verb": "say", "text": "One."}, {"say": {"text": ["Two.", "Three."], "loop": 2}}]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert [await call.heard() for _ in range(5)] == ["One.", *["Two.", "Three."] * 2]
        assert await call.say("Anybody there?") == ""
        assert "nobody listens to the caller" in notes(call)


@pytest.mark.parametrize(
    ("ack", "heard"),
    [
        ([{"verb": "say", "text": "Replaced."}], "Replaced."),
        ([], "Next."),
        (None, "Next."),
        ({"verb": "say", "text": "No list."}, "Next."),
    ],
)
async def test_only_verbs_in_an_ack_replace_the_stack(ack: Any, heard: str) -> None:
    verbs = [gather(input=["speech"]), SAY_NEXT]
    async with serving(new=verbs, hooks={"/menu": ack}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.say("hello") == heard


async def test_a_hook_without_an_ack_ends_the_call() -> None:
    verbs = [{"verb": "dial", "target": PHONE, "actionHook": "/d"}, SAY_NEXT]
    async with (
        serving(new=verbs, hooks={"/d": SILENCE}) as app,
        Twin(app.url, ack_timeout=0.05) as twin,
    ):
        call = await twin.call()

        assert "timeout from far end" in await call.ended()
        assert app.of("call:status")[-1]["data"]["call_termination_by"] == "jambonz"
        assert call.spoken == []


async def test_invalid_verbs_in_an_ack_end_the_call_with_an_error() -> None:
    verbs = [{"verb": "dial", "target": PHONE, "actionHook": "/d"}]
    async with serving(new=verbs, hooks={"/d": [{"verb": "shout"}]}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.ended()

        assert call.errors[0]["verb"] == "shout"


# ---------------------------------------------------------------- say, play, pause, config, tag


async def test_the_first_verb_that_needs_media_answers_the_call() -> None:
    verbs = [{"verb": "tag", "data": {"orderId": 7}}, {"verb": "pause", "length": 1}, SAY_NEXT]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        await app.seen("call:status", call_status="in-progress")

        statuses = [m["data"]["call_status"] for m in app.of("call:status")]
        assert statuses == ["trying", "in-progress"]
        assert app.of("call:status")[-1]["data"]["customerData"] == {"orderId": 7}


async def test_early_media_does_not_answer_and_answer_does() -> None:
    verbs = [{"verb": "say", "text": "Ringing.", "earlyMedia": True}, {"verb": "answer"}]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.seen("call:status", call_status="in-progress")

        kinds = [e.kind if e.kind == "heard" else e.data.get("call_status") for e in call.log]
        assert kinds.index("heard") < kinds.index("in-progress")


async def test_notify_events_turns_verb_status_on() -> None:
    verbs = [
        {"verb": "config", "notifyEvents": True},
        {"verb": "say", "id": "greet", "text": "Hello."},
        {"verb": "play", "url": "https://example.org/a.mp3"},
        {"verb": "config", "notifyEvents": False},
        SAY_NEXT,
    ]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        while await call.heard() != "Next.":
            pass
        await call.hook("/sync")

        told = [(m["data"]["event"], m["data"].get("id")) for m in app.of("verb:status")]
        assert told == [
            ("finished", None),
            ("starting", "greet"),
            ("synthesized-audio", "greet"),
            ("finished", "greet"),
            ("starting", None),
            ("start-playback", None),
            ("stop-playback", None),
            ("finished", None),
            ("starting", None),
        ]


async def test_play_tells_how_it_went_and_goes_on_without_an_ack() -> None:
    play = {"verb": "play", "url": ["https://e.org/a.mp3", "https://e.org/b.mp3"]}
    async with (
        serving(new=[play | {"actionHook": "/p"}, SAY_NEXT], hooks={"/p": SILENCE}) as app,
        Twin(app.url, ack_timeout=0.05) as twin,
    ):
        call = await twin.call()
        assert [await call.heard() for _ in range(3)] == [
            "[audio: https://e.org/a.mp3]",
            "[audio: https://e.org/b.mp3]",
            "Next.",
        ]
        assert app.of("verb:hook")[0]["data"]["reason"] == "playCompleted"


async def test_speech_takes_time_at_a_rate() -> None:
    async with (
        serving(new=[{"verb": "say", "text": "One two three."}]) as app,
        Twin(app.url, pace=Pace(speech_rate=500)) as twin,
    ):
        call = await twin.call()
        await call.heard()

        words = [entry.data["text"] for entry in call.log if entry.kind == "speaking"]
        assert words == ["One", "two", "three."]


async def test_hangup_ends_the_call_with_its_status_and_close_1000() -> None:
    async with (
        serving(new=[SAY_NEXT, {"verb": "hangup", "headers": {"X-A": "b"}}, SAY_NEXT]) as app,
        Twin(app.url) as twin,
    ):
        call = await twin.call()

        assert await call.ended() == "the application hung up"
        await app.until(lambda: bool(app.closes))
        last = app.messages[-1]
        assert (last["type"], last["data"]["call_status"]) == ("call:status", "completed")
        assert last["data"]["call_termination_by"] == "jambonz"
        assert last["data"]["duration"] == 0
        assert app.closes == [1000]
        assert call.spoken == ["Next."]
        assert call.log[-1].kind == "end"


@pytest.mark.parametrize("verb", [{"verb": "alert", "message": "x"}, {"verb": "leave"}])
async def test_a_verb_that_is_not_played_is_noted_and_passed_over(verb: Message) -> None:
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Next."
        assert "not played by the twin" in notes(call)


async def test_a_speech_to_speech_session_is_driven_by_hand() -> None:
    llm = {
        "verb": "llm",
        "vendor": "openai",
        "llmOptions": {},
        "eventHook": "/ev",
        "toolHook": "/t",
    }
    async with (
        serving(new=[llm], tools={"find": {"a": 1}}) as app,
        Twin(app.url, dialect="llm") as twin,
    ):
        call = await twin.call()
        await call.event("conversation.item.done", itemId=3)

        assert await call.tool_call("find", {"cityName": "Boston"}) == {"a": 1}
        event, tool_call = app.of("llm:event")[0], app.of("llm:tool-call")[0]
        assert (event["hook"], event["data"]["item_id"]) == ("/ev", 3)
        assert tool_call["hook"] == "/t"
        assert tool_call["data"]["args"] == {"cityName": "Boston"}


# ---------------------------------------------------------------- redirect


async def test_redirect_asks_another_hook_on_the_same_socket() -> None:
    verbs = [{"verb": "redirect", "actionHook": "/flow"}, {"verb": "say", "text": "Dropped."}]
    async with serving(new=verbs, hooks={"/flow": [SAY_NEXT]}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Next."
        message = app.of("session:redirect")[0]
        assert message["hook"] == "/flow"
        assert message["call_sid"] == call.call_sid
        assert not {"sip", "defaults", "env_vars"} & set(message["data"])


async def test_redirect_without_verbs_in_its_ack_idles() -> None:
    verbs = [{"verb": "redirect", "actionHook": "/flow"}, SAY_NEXT]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("hello?")

        assert call.spoken == []


async def test_redirect_to_a_ws_url_opens_a_new_socket_and_keeps_the_old_one() -> None:
    async with serving(hooks={}) as other:
        there = f"{other.url}supervisor"
        other.hooks[there] = [gather(input=["speech"])]
        verbs = [{"verb": "redirect", "actionHook": there}]
        async with serving(new=verbs) as app, Twin(app.url) as twin:
            call = await twin.call()
            await call.say("hello")
            await other.seen("verb:hook")
            await call.hangup()

            first = other.messages[0]
            assert (first["type"], first["hook"]) == ("session:redirect", there)
            assert "call_sid" not in first
            assert "call_sid" not in other.messages[1]
            assert app.of("call:status")[-1]["data"]["call_status"] == "completed"
            assert other.of("call:status") == []


async def test_the_status_hook_of_redirect_moves_call_status_too() -> None:
    async with serving() as other:
        verb = {"verb": "redirect", "actionHook": other.url, "statusHook": other.url}
        other.hooks[other.url] = [{"verb": "hangup"}]
        async with serving(new=[SAY_NEXT, verb]) as app, Twin(app.url) as twin:
            call = await twin.call()
            await call.ended()
            await other.seen("call:status", call_status="completed")

            assert app.of("call:status", call_status="completed") == []


# ---------------------------------------------------------------- dial, transfer, listen


@pytest.mark.parametrize(
    ("outcome", "status", "sip"),
    [
        ("answer", "completed", 200),
        ("busy", "busy", 486),
        ("no-answer", "no-answer", 480),
        ("failed", "failed", 503),
    ],
)
async def test_dial_tells_the_b_legs_progress_and_its_result(
    outcome: Outcome, status: str, sip: int
) -> None:
    verb = {"verb": "dial", "target": PHONE, "callerId": "+1999", "actionHook": "/d"}
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=[outcome])
        await call.heard()

        result = app.of("verb:hook")[0]["data"]
        child = app.of("call:status", parent_call_sid=call.call_sid)
        progress = [m["data"]["call_status"] for m in child]
        assert (result["dial_call_status"], result["dial_sip_status"]) == (status, sip)
        assert {m["data"]["call_sid"] for m in child} == {result["dial_call_sid"]}
        assert {m["call_sid"] for m in child} == {call.call_sid}
        assert progress[:2] == ["trying", "ringing"]
        assert progress[2:] == (["in-progress", "completed"] if sip == 200 else [status])
        assert child[0]["data"]["direction"] == "outbound"
        assert (child[0]["data"]["from"], child[0]["data"]["to"]) == ("+1999", PHONE[0]["number"])


async def test_the_confirm_hook_asks_the_callee_and_a_hangup_refuses() -> None:
    verb = {"verb": "dial", "target": PHONE, "confirmHook": "/c", "actionHook": "/d"}
    hooks = {"/c": [{"verb": "say", "text": "A caller waits."}, {"verb": "hangup"}]}
    async with serving(new=[verb, SAY_NEXT], hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Next."
        confirm = app.of("dial:confirm")[0]
        assert confirm["data"]["parent_call_sid"] == call.call_sid
        assert app.of("verb:hook")[0]["data"]["dial_call_status"] == "no-answer"


async def test_a_far_end_that_stays_rings_off_when_told() -> None:
    verb = {"verb": "dial", "target": PHONE, "confirmHook": "/c", "answerOnBridge": True}
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await app.seen("call:status", call_sid=call.call_sid, call_status="in-progress")
        await call.far_hangup()

        assert await call.heard() == "Next."


@pytest.mark.parametrize(
    ("outcome", "disposition", "result", "reason"),
    [
        ("answer", {}, "bridged", "completed"),
        ("busy", {}, "returned", "busy"),
        ("no-answer", {"onNoAnswer": "voicemail"}, "voicemail", "no-answer"),
        ("declined", {}, "returned", "declined"),
        ("failed", {"onBusy": "hangup"}, "returned", "error"),
    ],
)
async def test_transfer_tells_how_it_went(
    outcome: Outcome, disposition: Message, result: str, reason: str
) -> None:
    verb = {
        "verb": "transfer",
        "mode": "warm",
        "target": PHONE,
        "disposition": disposition,
        "actionHook": "/t",
    }
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        await twin.call(far_end=[outcome])
        data = (await app.seen("verb:hook"))["data"]

        assert (data["transfer_result"], data["transfer_reason"]) == (result, reason)


@pytest.mark.parametrize("name", ["listen", "stream"])
async def test_listen_takes_its_time_and_tells_how_long(name: str) -> None:
    verb = {"verb": name, "url": "wss://e.org/a", "maxLength": 7, "actionHook": "/l"}
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Next."
        assert app.of("verb:hook")[0]["data"]["dial_call_duration"] == 7


async def test_a_key_ends_a_listen() -> None:
    verb = {"verb": "listen", "url": "wss://e.org/a", "finishOnKey": "#", "actionHook": "/l"}
    async with serving(new=[verb, SAY_NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.dtmf("12#") == "Next."
        assert app.of("verb:hook")[0]["data"]["digits"] == "#"


# ---------------------------------------------------------------- hooks over HTTP


async def test_a_hook_with_an_http_url_is_posted_and_not_seen_on_the_socket() -> None:
    async with http_hooks() as (url, posts):
        verb = gather(input=["speech"], actionHook={"url": url, "username": "u", "password": "p"})
        async with serving(new=[verb]) as app, Twin(app.url) as twin:
            call = await twin.call()

            assert await call.say("hello") == "Next."
            assert posts[0]["reason"] == "speechDetected"
            assert posts[0]["authorization"] == "Basic dTpw"
            assert app.of("verb:hook") == []


@asynccontextmanager
async def http_hooks() -> AsyncIterator[tuple[str, list[Message]]]:
    posts: list[Message] = []

    async def serve(request: web.Request) -> web.Response:
        posts.append({**await request.json(), "authorization": request.headers["Authorization"]})
        return web.json_response([SAY_NEXT])

    web_app = web.Application()
    web_app.router.add_post("/hook", serve)
    async with TestServer(web_app) as server:
        yield str(server.make_url("/hook")), posts
