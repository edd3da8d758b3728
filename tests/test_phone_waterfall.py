"""The line that tells where the time of a turn went, and who plays the agent's model."""

import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.llm import close_clients
from app.phone import Options, Step, phone
from app.phone.screen import Screen
from app.phone.waterfall import ToolTimes, read
from app.twin import DialectName, Entry, Kind
from tests.llm.servers.base import Answer, Call
from tests.llm.servers.openai_wire import OpenAiWire
from tests.twin_app import agent, serving

FULL: dict[str, Any] = {
    "type": "turn_end",
    "latency": {"stt_ms": 310, "eot_ms": 150, "llm_ms": 640, "tool_ms": 210, "tts_ms": 190},
    "tool_calls": [{"name": "find_slot", "rtt_ms": 210}],
}
TOOL = {"name": "find", "description": "Find", "parameters": {"type": "object"}}


def entry(kind: Kind, time: float = 1.0, **data: Any) -> Entry:
    return Entry(time, kind, data)


def test_every_stage_is_told_with_the_tools_and_the_total() -> None:
    turn = read(FULL)

    assert turn.text == (
        "stt 310 · eot 150 · llm 640 · tool 210 (find_slot 210) · tts 190 — 1500 ms"
    )
    assert turn.is_slow
    assert turn.strip == "░░░░│▒▒│█████████│▓▓▓│░░░"


@pytest.mark.parametrize(
    ("preflight", "told"),
    [
        ({"result": "hit", "tokens": 9}, "early hit (9 tokens)"),
        ({"result": "miss"}, "early miss"),
        ({"result": "pending"}, "early pending"),
        ("odd", ""),
    ],
)
def test_what_became_of_early_generation_is_told(preflight: Any, told: str) -> None:
    turn = read({"latency": {"preflight": preflight}})

    assert (turn.text, turn.strip, turn.is_slow) == (told, "", False)


def test_one_stage_needs_no_total_and_no_strip() -> None:
    turn = read({"latency": {"model_latency": 640, "transcriber_latency": 0}})

    assert (turn.text, turn.strip) == ("llm 640 ms", "")


def test_the_tools_of_a_turn_that_does_not_tell_them_come_from_the_log() -> None:
    times = ToolTimes()
    for id_ in ("a", "b"):
        times.measure(entry("tool_call", tool_call_id=id_))
    for id_, name, ms in (("b", "second", 200), ("a", "first", 400)):
        told = times.measure(entry("tool_output", tool_call_id=id_, name=name, ms=ms))
        assert told.data["ms"] >= ms
    end = entry("event", type="turn_end", latency={"model_latency": 100, "tool_ms": 400})

    assert read(times.complete(end).data).text == (
        "llm 100 · tool 400 (second 200, first 400) — 500 ms"
    )
    assert times.complete(end) is end


def test_a_tool_takes_real_time_on_a_virtual_clock_too(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter((5.0, 5.0, 5.25, 5.25))
    monkeypatch.setattr("app.phone.waterfall.time.monotonic", lambda: next(now))
    times = ToolTimes()
    times.measure(entry("tool_call", tool_call_id="a"))
    told = times.measure(entry("tool_output", tool_call_id="a", name="find", ms=0))
    turn = times.complete(entry("event", type="turn_end", latency={"tool_ms": 0}))

    assert told.data["ms"] == 250
    assert read(turn.data).text == "tool 250 (find 250) ms"


class Terminal(io.StringIO):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("columns", "encoding", "has_strip"),
    [(120, "utf-8", True), (90, "utf-8", False), (120, "ascii", False), (None, "utf-8", False)],
)
def test_the_strip_is_shown_where_the_terminal_has_room_for_it(
    columns: int | None, encoding: str, has_strip: bool
) -> None:
    out, transcript = Terminal(encoding), io.StringIO()
    Screen(out, columns=columns, transcript=transcript).show(entry("event", **FULL))

    assert ("│" in out.getvalue()) is has_strip
    assert "1500 ms" in out.getvalue()
    assert "│" not in transcript.getvalue()


def test_a_slow_turn_is_red_and_a_quick_one_dim() -> None:
    out = io.StringIO()
    screen = Screen(out, color=True)
    screen.show(entry("event", **FULL))
    screen.show(entry("event", type="turn_end", latency={"llm_ms": 640, "tts_ms": 100}))

    slow, quick = out.getvalue().splitlines()
    assert slow.startswith("\x1b[31m")
    assert quick.startswith("\x1b[2m")


# ---------------------------------------------------------------- who plays


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[OpenAiWire]:
    server = await OpenAiWire().start()
    yield server
    await close_clients()
    await server.stop()


async def call(url: str, keys: Any = None, **options: Any) -> list[str]:
    out, said = io.StringIO(), (Step("say", "Find it."),)
    assert await phone(Options(url=url, script=said, **options), out=out, keys=keys) == 0
    return out.getvalue().splitlines()


@pytest.mark.parametrize("dialect", ["agent", "docs"])
async def test_a_vendor_plays_the_call_and_its_time_is_told(
    vendor: OpenAiWire, dialect: DialectName
) -> None:
    vendor.answer(Answer((Call("find", {}, "i"),), delay=0.02), Answer(("Found",), delay=0.02))
    keys = {"openai": {**vendor.auth(), "baseURL": vendor.options()["baseURL"]}}
    llm = {"vendor": "groq", "model": "x", "llmOptions": {"tools": [TOOL]}}
    verb = agent(greeting=False, llm=llm)
    async with serving(new=[verb], tools={"find": {}}) as app:
        lines = await call(app.url, keys, llm="openai:gpt-4.1-mini", dialect=dialect)

    assert "agent   Found" in lines
    (told,) = (line for line in lines if line.endswith(" ms") and "stt" in line)
    (took,) = re.findall(r" · llm (\d+) · ", told)
    assert int(took) >= 20
    assert not any("offline" in line for line in lines)


async def test_a_wrong_key_makes_the_call_go_wrong_and_says_what_to_do(vendor: OpenAiWire) -> None:
    vendor.answer(Answer(status=401, message="no such key"))
    keys = {"openai": {**vendor.auth(), "baseURL": vendor.options()["baseURL"]}}
    out = io.StringIO()
    async with serving(new=[agent()]) as app:
        options = Options(url=app.url, script=(Step("say", "Hello?"),))
        code = await phone(options, out=out, keys=keys)

    lines = out.getvalue().splitlines()
    (problem,) = (at for at, line in enumerate(lines) if "problem the model failed" in line)
    assert code == 1
    assert "no such key" in lines[problem]
    assert "cordboard models VENDOR" in lines[problem + 1]


async def test_a_person_is_told_once_that_the_offline_model_plays() -> None:
    async with serving(new=[agent()], hooks={"/done": [agent()]}) as app:
        lines = await call(app.url)

    told = [line for line in lines if "offline" in line]
    assert told == ["note    the offline model plays the agent: there is no key for openai"]


async def test_the_offline_model_that_was_asked_for_is_no_news() -> None:
    async with serving(new=[agent()]) as app:
        lines = await call(app.url, llm="offline")

    assert not any("offline" in line for line in lines)
