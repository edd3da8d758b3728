"""A telephone in the terminal, for any jambonz WebSocket application: type what you say."""

import argparse
import asyncio
import io
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TextIO

from app.llm import ChatModel, Keys, ModelError, close_clients, connect
from app.phone.caller import Caller
from app.phone.explain import hint, is_loopback, steering
from app.phone.keyboard import read_lines
from app.phone.options import KEY, Options, UsageError, add_arguments, read_options
from app.phone.render import Line, tell_problem
from app.phone.screen import Screen
from app.phone.steps import Step
from app.phone.stopwatch import Stopwatch
from app.twin import CallRefused, Entry, Pace, Party, Timings, Twin, TwinCall, TwinError
from app.twin.faults import describe, find_faults

__all__ = ["Options", "Step", "UsageError", "add_arguments", "phone", "read_options", "run"]

WELL, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes."""

SPEECH_RATE = 6.0
"""Words a second, for a person who reads along and may interrupt."""


def run(
    args: argparse.Namespace, *, plain: bool = False, key: str = KEY, keys: Keys | None = None
) -> int:
    """Make a call as the command line says; return the exit code.

    Args:
        args: What a parser with `add_arguments` read.
        plain: Use no colours, whatever the arguments say.
        key: What stands for the API key in the command that steers the call.
        keys: Credentials of the models' vendors, by vendor.
    """
    try:
        options = read_options(args)
        color = options.color and not plain
        return asyncio.run(phone(replace(options, color=color, key=key), keys=keys))
    except (UsageError, ModelError) as error:
        sys.stderr.write(f"call: {error}\n")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED


async def phone(
    options: Options,
    *,
    out: TextIO | None = None,
    lines: AsyncIterator[str] | None = None,
    keys: Keys | None = None,
) -> int:
    """Make a call and show it.

    Args:
        options: Whom to call, and how.
        out: Where to show it; standard output if None.
        lines: What is typed; standard input if None.
        keys: Credentials of the models' vendors, by vendor.

    Returns:
        0 if the call went well, 1 if not.

    Raises:
        UsageError: If the transcript cannot be written.
        ModelError: If there is no such model.
    """
    model = connect(options.llm.split(","), keys=keys) if options.llm else None
    out = out or _standard_output()
    is_terminal = lines is None and not options.script and sys.stdin.isatty() and out.isatty()
    with ExitStack() as stack:
        screen = Screen(
            out,
            as_json=options.json,
            color=options.color and out.isatty(),
            interactive=is_terminal,
            columns=shutil.get_terminal_size().columns if out.isatty() else None,
            transcript=_open_transcript(options, stack),
        )
        twin = _twin(options, model, keys, is_terminal=is_terminal and not options.json)
        try:
            async with twin:
                return await _call(twin, options, screen, lines, is_terminal=is_terminal)
        finally:
            await close_clients()


async def _call(
    twin: Twin,
    options: Options,
    screen: Screen,
    lines: AsyncIterator[str] | None,
    *,
    is_terminal: bool,
) -> int:
    dialling = asyncio.create_task(
        twin.call(
            from_=options.from_,
            to=options.to,
            direction=options.direction,
            env=options.env,
            tag=options.tag,
            **_called(options),
        )
    )
    await asyncio.sleep(0)  # the call exists from here on, and can be watched from its beginning
    call = twin.calls[0]
    call.subscribe(screen.show)
    caller, watch = Caller(call, screen), Stopwatch()
    call.subscribe(watch.take)
    caller.expect(options.script[0] if options.script else None)
    _introduce(screen, options, call, is_terminal=is_terminal)
    refusal = ""
    try:
        await dialling
        if options.script:
            await caller.follow(options.script)
        else:
            await caller.listen(lines or _standard_input(), is_terminal=is_terminal)
    except CallRefused as error:
        refusal = error.reason
    except TwinError as error:
        caller.faults.append(str(error).splitlines()[0])
    finally:
        dialling.cancel()
    return _conclude(screen, options, caller, watch, refusal)


def _introduce(screen: Screen, options: Options, call: TwinCall, *, is_terminal: bool) -> None:
    """Say who is called, how to talk and, once an agent runs, how to steer it from elsewhere."""
    url = options.url.partition("#")[0]
    steer = steering(url, call.call_sid, options.key) if is_loopback(url) else ""
    screen.begin({"url": url, "call_sid": call.call_sid, "steer": steer})
    screen.tell(Line("call", url, "bold"), Line("sid", call.call_sid, "dim"))
    advice = _advice(steer, is_terminal=is_terminal)

    def advise(entry: Entry) -> None:
        sign = entry.data.get("verb", "") if entry.kind == "verb" else entry.kind
        screen.tell(*advice.pop(sign, ()))

    call.subscribe(advise)


def _advice(steer: str, *, is_terminal: bool) -> dict[str, list[Line]]:
    """What to tell, once, at a kind of entry or the start of a verb."""
    typing = [Line("help", "type what you say; /help lists the commands", "dim")]
    steering = [
        Line("steer", "the agent from a second terminal, in the server's folder:", "dim"),
        *(Line("", line, "dim") for line in steer.splitlines()),
    ]
    return ({"received": typing} if is_terminal else {}) | ({"agent": steering} if steer else {})


def _conclude(
    screen: Screen, options: Options, caller: Caller, watch: Stopwatch, refusal: str
) -> int:
    """Tell what went wrong, if anything did."""
    call = caller.call
    faults = find_faults(watch.entries, ack_timeout=options.ack_timeout, drops=caller.drops)
    faults += [fault for fault in caller.faults if fault not in faults]
    if refusal and not any(refusal in fault for fault in faults):
        faults.insert(0, refusal)
    screen.leave()
    explained = {*caller.faults, *(describe(error) for error in call.errors)}
    hinted: set[str] = set()
    for fault in faults:
        told = tell_problem(fault) if fault not in explained else []
        screen.tell(*(line for line in told[fault == call.end_reason :] if str(line) not in hinted))
        hinted.update(map(str, told))
    code = WRONG if faults else WELL
    screen.result(
        {
            "exit_code": code,
            "call_sid": call.call_sid,
            "reason": call.end_reason,
            "faults": faults,
            "hints": [advice for fault in faults if (advice := hint(fault))],
            "spoken": list(call.spoken),
        }
    )
    return code


def _called(options: Options) -> dict[str, Any]:
    """Who is called: by an outbound call itself, and by the application."""
    parties = [
        Party("stays", who="machine", beep=True) if callee == "machine" else Party(callee)
        for callee in options.callees
    ]
    if options.direction == "outbound" and parties:
        return {"answer": parties[0], "far_end": parties[1:]}
    return {"far_end": parties}


def _twin(
    options: Options, model: ChatModel | None, keys: Keys | None, *, is_terminal: bool
) -> Twin:
    is_real = is_terminal or options.real_time
    return Twin(
        options.url,
        model=model,
        keys=keys,
        summarize_turns=options.summarize,
        dialect=options.dialect,
        username=options.username,
        password=options.password,
        understands_agent=options.knows_agent,
        pace=Pace(
            ack=options.ack_timeout,
            patience=options.timeout,
            speech_rate=SPEECH_RATE if is_real else None,
            scale=1.0,
            timings=Timings.natural(),
        ),
        clock="real" if is_real else "virtual",
        seed=options.seed,
    )


def _open_transcript(options: Options, stack: ExitStack) -> TextIO | None:
    if options.transcript is None:
        return None
    try:
        return stack.enter_context(options.transcript.open("w", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--transcript {options.transcript}: {error.strerror}") from None


def _standard_output() -> TextIO:
    """Standard output, made unable to fail over a character that its encoding does not have."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout


async def _standard_input() -> AsyncIterator[str]:
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is closed
        return
    async for line in read_lines(descriptor):
        yield line
