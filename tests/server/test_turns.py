"""What the server tells of turns: on the metrics page, and in the log where one was slow."""

import pytest

from tests.server.conftest import Logbook, Start, agent_application


async def test_turns_and_answers_of_a_call_are_on_the_metrics_page(start: Start) -> None:
    server = await start(agent_application())
    call = await server.call()
    await call.event("turn_end", latency={"transcriber_latency": 310, "model_latency": 640})
    await call.tool_call("ping")  # it is answered after the event before it
    async with server.client.get(server.url("/metrics")) as response:
        text = await response.text()

    assert 'cordboard_turn_stage_seconds_bucket{le="0.75",stage="llm"} 1.0' in text
    assert 'cordboard_answer_seconds_count{message="session:new"} 2.0' in text


async def test_a_slow_turn_is_told_in_the_log_and_a_fast_one_is_not(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), slow_turn=1.5)
    call = await server.call()
    await call.event("turn_end", latency={"llm_ms": 900, "tts_ms": 500})
    await call.event("turn_end", latency={"model_latency": 1900, "voice_latency": 200})
    line = await logbook.line("slow_turn")

    assert line["seconds"] == pytest.approx(2.1)
    assert line["why"] == (
        "turn took 2.1 s: 1.9 s in the model openai:gpt-4.1-mini, 0.2 s in the voice cartesia:x"
    )
    assert len(logbook.about("slow_turn")) == 1
    assert len(logbook.about("turn_ended")) == 2


async def test_the_tools_of_one_turn_are_not_blamed_for_the_next(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), slow_turn=1.5)
    call = await server.call()
    await call.tool_call("ping")
    await call.event("turn_end", latency={"tool_ms": 1})
    await call.event("turn_end", latency={"tool_ms": 2000})

    why = (await logbook.line("slow_turn"))["why"]
    assert why == "turn took 2.0 s: 2.0 s in tools that jambonz calls by itself"
