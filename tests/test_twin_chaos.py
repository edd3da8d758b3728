"""The twin's network when it behaves badly, and what an application in order makes of it."""

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import BadChaos, CallRefused, Chaos, Pace, Twin
from tests.twin_app import agent, serving

QUICK = Pace(backoff=0.01)
ASK = ToolCall("call_1", "get_weather", {"city": "Paris"})


@pytest.mark.parametrize(
    ("text", "chaos"),
    [
        ("1", Chaos(delay=0.2)),
        ("2", Chaos(delay=0.3, duplicate=0.1, reorder=0.1)),
        ("3", Chaos(delay=0.3, duplicate=0.1, reorder=0.1, cut=0.1, redial=0.3)),
        ("reorder", Chaos(reorder=0.1)),
        ("cut", Chaos(cut=0.1)),
        ("delay=0.5, duplicate", Chaos(delay=0.5, duplicate=0.1)),
        ("delay=1,longest=6", Chaos(delay=1.0, longest=6.0)),
    ],
)
def test_chaos_is_a_level_or_a_list(text: str, chaos: Chaos) -> None:
    assert Chaos.parse(text) == chaos


@pytest.mark.parametrize("text", ["", "4", "0", "cuts", "cut=2", "cut=x", "delay=-1"])
def test_anything_else_is_told(text: str) -> None:
    with pytest.raises(BadChaos, match="expected 1, 2, 3 or a list of delay, duplicate"):
        Chaos.parse(text)


async def test_a_message_that_comes_twice_is_the_same_message() -> None:
    chaos = Chaos(duplicate=1.0)
    async with (
        serving(new=[agent()], tools={"get_weather": "fine"}) as app,
        Twin(app.url, model=FakeModel(["Hi.", ASK, "Fine."]), chaos=chaos) as twin,
    ):
        call = await twin.call()
        assert await call.say("And?") == "Fine."
        await call.hangup()

    calls = app.of("agent:tool-call")
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert len(app.of("session:new")) == 1
    call.expect.tool("get_weather").times(1)


async def test_late_frames_keep_their_order() -> None:
    chaos = Chaos(delay=0.7, longest=0.02)
    async with serving(new=[agent()]) as app, Twin(app.url, chaos=chaos) as twin:
        call = await twin.call()
        for n in range(20):
            await app.command("tag", {"n": n})
        for n in range(20):
            assert (await call.command("tag"))["data"] == {"n": n}


async def test_an_ack_that_is_too_late_ends_the_call_as_on_the_platform() -> None:
    chaos = Chaos(delay=1.0, longest=0.5, seed=1)
    async with serving(new=[agent()]) as app, Twin(app.url, chaos=chaos, ack_timeout=0.01) as twin:
        with pytest.raises(Exception, match="timeout from far end"):
            await twin.call()


async def test_a_lost_socket_is_redialled_and_nothing_is_lost() -> None:
    chaos = Chaos(cut=1.0)
    replies: list[str | ToolCall] = ["Hi.", *(f"Answer {n}." for n in range(6))]
    async with (
        serving(new=[agent()]) as app,
        Twin(app.url, model=FakeModel(replies), chaos=chaos, pace=QUICK) as twin,
    ):
        call = await twin.call()
        for n in range(6):
            if n < 3:
                await call.reconnected()
            assert await call.say("Go on.") == f"Answer {n}."
        await call.hangup()

    assert twin.cuts == 3
    assert len(app.of("session:reconnect")) == 3
    assert [m["data"]["response"] for m in app.of("agent:event", type="turn_end")] == replies


async def test_a_redial_that_fails_is_made_again() -> None:
    chaos = Chaos(cut=1.0, redial=0.9, seed=4)
    async with (
        serving(new=[agent()]) as app,
        Twin(app.url, model=FakeModel(["Hi.", "Yes."]), chaos=chaos, pace=QUICK) as twin,
    ):
        call = await twin.call()
        await call.reconnected()
        assert await call.say("Go on.") == "Yes."

    failed = [e for e in call.log if e.kind == "reconnect" and e.data["event"] == "failed"]
    assert failed
    assert failed[0].data["why"] == "chaos: the redial failed"


async def test_the_same_seed_makes_the_same_things_happen() -> None:
    async def happened(seed: int) -> list[str]:
        chaos = Chaos(duplicate=0.5, seed=seed)
        model = FakeModel(["Hi.", *["Yes."] * 8])
        async with serving(new=[agent()]) as app, Twin(app.url, model=model, chaos=chaos) as twin:
            call = await twin.call()
            for _ in range(8):
                await call.say("Go on.")
            await call.hangup()
        return [str(m["data"].get("type")) for m in app.messages]

    assert await happened(1) == await happened(1)
    assert await happened(1) != await happened(2)


async def test_on_a_virtual_clock_late_frames_take_no_real_time() -> None:
    chaos = Chaos(delay=1.0, longest=4.0, seed=3)
    async with (
        serving(new=[agent()], tools={"get_weather": "fine"}) as app,
        Twin(
            app.url,
            model=FakeModel(["Hi.", ASK, "Fine."]),
            chaos=chaos,
            clock="virtual",
            seed=3,
            pace=Pace(patience=1.0),
        ) as twin,
    ):
        call = await twin.call()
        await call.say("And?")
        await call.hangup()

    asked, given = call.expect.tool("get_weather"), call.expect.output("get_weather", "fine")
    assert 0 < given.time - asked.time <= 8.0
    assert app.closes == [1000]
    assert app.of("call:status")[-1]["data"]["call_status"] == "completed"


async def test_on_a_virtual_clock_an_ack_can_be_too_late_as_well() -> None:
    chaos = Chaos(delay=1.0, longest=60.0, seed=3)
    async with serving(new=[agent()]) as app, Twin(app.url, chaos=chaos, clock="virtual") as twin:
        with pytest.raises(CallRefused, match="timeout from far end"):
            await twin.call()
