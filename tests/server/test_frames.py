"""Frames of at most 24 KiB: a client with the limit of jambonz never has to close with 1009."""

from typing import Any

import orjson
import pytest

from app import Agent, Application, FrameTooLarge, Session, say, tool
from tests.server.conftest import AGENT, Logbook, Start, agent_application, answering, ping
from tests.server.jambonz import MAX_FRAME, Frame, Jambonz
from tests.server.test_handlers import APOLOGY


def prompt_of(size: int, letter: str = "x") -> str:
    """A prompt of so many bytes, in sentences that can be told apart."""
    sentences: list[str] = []
    length = 0
    while length < size:
        sentences.append(f"PRIVATE rule {len(sentences)} of the house {letter}. ")
        length += len(sentences[-1].encode())
    return "".join(sentences)


def texts_of(call: Jambonz, ack: Frame) -> str:
    """All that the model has read: the prompt of the ack and what was injected after it."""
    updates = [one["data"] for one in call.frames if one.get("command") == "agent:update"]
    injected = [
        message["content"]
        for update in updates
        if update["type"] == "inject_context"
        for message in update["messages"]
    ]
    return "".join([ack["data"][0]["llm"]["llmOptions"]["systemPrompt"], *injected])


@pytest.mark.parametrize("letter", ["x", "é", '"', "\n", "😀"])
async def test_a_prompt_of_100_kb_reaches_a_client_with_the_limit_of_jambonz(
    start: Start, logbook: Logbook, letter: str
) -> None:
    prompt = prompt_of(100_000, letter)
    server = await start(
        answering(lambda: Agent(**{**AGENT, "instructions": prompt}, tools=[ping], greeting=True))
    )
    call = await server.dial()
    ack = await call.open()
    await call.status("in-progress")
    await call.event("user_transcript", transcript="PRIVATE hello")
    await call.until(
        lambda: (
            any(one.get("data", {}) == {"type": "generate_reply"} for one in commands(call)) or None
        )
    )

    assert ack["data"][0]["greeting"] is False
    read = texts_of(call, ack)
    assert [read.count(f"rule {number} of") for number in range(prompt.count("rule"))] == [
        1
    ] * prompt.count("rule")
    assert all(len(orjson.dumps(one)) <= MAX_FRAME for one in call.frames)
    assert commands(call)[-1]["data"] == {"type": "generate_reply"}
    assert await call.tool_call("ping") == {"result": "pong"}
    await logbook.line("prompt_split", call_sid=call.call_sid)


async def test_after_a_split_prompt_new_instructions_disown_the_old_ones(
    start: Start, logbook: Logbook
) -> None:
    prompt = prompt_of(60_000)
    server = await start(answering(lambda: Agent(**{**AGENT, "instructions": prompt})))
    call = await server.call()
    receipt = await server.session(call).update_instructions("Be brief.")
    await call.until(lambda: any("Disregard" in str(one) for one in commands(call)) or None)

    assert receipt.sent[-1]["data"]["instructions"].startswith("Disregard")
    await logbook.line("instructions_after_split", call_sid=call.call_sid)


async def test_verbs_that_no_split_can_make_fit_become_an_apology(
    start: Start, logbook: Logbook
) -> None:
    server = await start(answering(lambda: say("PRIVATE " * 5000)))
    call = await server.dial()

    assert (await call.open())["data"] == APOLOGY
    line = await logbook.line("handler_failed", call_sid=call.call_sid)
    assert "data[0].text" in line["error"]
    assert "24,576" in line["error"]


async def test_a_frame_of_exactly_the_limit_is_sent_and_one_byte_more_is_refused(
    start: Start,
) -> None:
    server = await start(agent_application())
    call = await server.call()
    session = server.session(call)
    receipt = await session.command("tag", {"note": ""})
    room = MAX_FRAME - len(receipt.frames[0])
    receipt = await session.command("tag", {"note": "x" * room})
    with pytest.raises(FrameTooLarge, match="24,577 bytes is over the limit of 24,576"):
        await session.command("tag", {"note": "x" * (room + 1)})

    assert len(receipt.frames[0]) == MAX_FRAME
    assert len(await call.commands("tag", 2)) == 2
    assert await call.tool_call("ping") == {"result": "pong"}


async def test_a_tool_result_of_any_size_fits(start: Start) -> None:
    @tool
    async def read_all() -> list[str]:
        """Read all."""
        return ["PRIVATE 😀"] * 100_000

    call = await (await start(agent_application(tools=[read_all, ping]))).call()

    assert len(orjson.dumps(await call.tool_call("read_all"))) < MAX_FRAME
    assert await call.tool_call("ping") == {"result": "pong"}


async def test_a_hook_whose_verbs_are_too_large_is_acked_empty(
    start: Start, logbook: Logbook
) -> None:
    application: Application[Any, Any] = Application("/call")
    application.session_new(lambda session: say("hi"))

    @application.on("/big")
    async def big(session: Session, data: dict[str, Any]) -> Any:
        return say("PRIVATE " * 5000)

    call = await (await start(application)).call()

    assert "data" not in await call.hook("/big", reason="x")
    await logbook.line("handler_failed", call_sid=call.call_sid)


def commands(call: Jambonz) -> list[Frame]:
    return [one for one in call.frames if one["type"] == "command"]
