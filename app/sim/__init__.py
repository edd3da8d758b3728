"""Simulated callers by the hundred, for any jambonz WebSocket application."""

import argparse
import asyncio
import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from app.llm import ChatModel, ModelError, close_clients, connect
from app.sim.html import to_html
from app.sim.junit import to_junit
from app.sim.nodes import ScenarioError
from app.sim.one_call import OFFLINE, Models, Setup
from app.sim.options import Options, UsageError, add_arguments, again, read_options
from app.sim.progress import Progress
from app.sim.read import read_scenarios
from app.sim.result import Plan, Result
from app.sim.runner import plan, run_calls
from app.sim.scenario import Scenario
from app.sim.summary import table, to_json
from app.twin.matching import closest

__all__ = [
    "Options",
    "Parts",
    "Result",
    "Scenario",
    "ScenarioError",
    "UsageError",
    "add_arguments",
    "read_options",
    "read_scenarios",
    "run",
    "simulate",
]

WELL, FAILED, USAGE = 0, 1, 2
"""Exit codes."""

Serve = Callable[[], AbstractAsyncContextManager[tuple[str, Callable[[str], bool]]]]
"""Runs the applications of this folder; gives their address, and whether a call is at rest."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the command line wires in.

    Attributes:
        serve: Runs the applications of this folder.
        connect: Makes a model from its name.
        program: How this program is called.
    """

    serve: Serve
    connect: Callable[[str], ChatModel] = connect
    program: str = "cordboard"


def run(args: argparse.Namespace, parts: Parts, *, plain: bool = False) -> int:
    """Run scenarios as the command line says; return the exit code.

    Args:
        args: What a parser with `add_arguments` read.
        parts: What is wired in.
        plain: Use no colours, whatever the arguments say.
    """
    try:
        return asyncio.run(simulate(read_options(args), parts, plain=plain))
    except ScenarioError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
    except (UsageError, ModelError) as error:
        sys.stderr.write(f"sim: {error}\n")
    return USAGE


async def simulate(
    options: Options,
    parts: Parts,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
    plain: bool = False,
) -> int:
    """Run scenarios, tell of them, and return the exit code.

    Raises:
        ScenarioError: If a scenario is wrong, or names a model that there is not.
        UsageError: If an option is, or a report cannot be written.
        ModelError: If there is no model of a name that an option gives.
    """
    out, err = out or sys.stdout, err or sys.stderr
    plans = _plans(options)
    models = Models(parts.connect)
    _make_models(options, plans, models)
    is_terminal = err.isatty() and not plain
    progress = Progress(err, len(plans), is_terminal=is_terminal, is_quiet=options.json)
    began = time.monotonic()
    try:
        results = await _make(plans, options, parts, models, progress)
    finally:
        progress.leave()
        await models.close()
        await close_clients()
    _report(results, options, parts, out, seconds=time.monotonic() - began)
    return WELL if all(one.passed for one in results) else FAILED


async def _make(
    plans: Sequence[Plan], options: Options, parts: Parts, models: Models, progress: Progress
) -> list[Result]:
    async def make(url: str, is_idle: Callable[[str], bool] | None = None) -> list[Result]:
        setup = Setup(
            url=url,
            models=models,
            username=options.username,
            password=options.password,
            llm=options.llm,
            judge=options.judge,
            timeout=options.timeout,
            chaos=options.chaos,
            timings=options.timings,
            is_idle=is_idle,
        )
        return await run_calls(
            plans,
            setup,
            concurrency=options.concurrency,
            began=progress.began,
            ended=progress.ended,
        )

    if options.url is not None or all(one.scenario.url for one in plans):
        return await make(options.url or "")
    async with parts.serve() as (url, is_idle):
        return await make(url, is_idle)


def _plans(options: Options) -> list[Plan]:
    """The calls to make.

    Raises:
        UsageError: If none is left, or `only` names none.
    """
    scenarios = read_scenarios(options.paths)
    name, _, index = options.only.partition("#")
    if options.only:
        if name not in [one.name for one in scenarios] or not (index or "0").isdigit():
            near = closest(name, [one.name for one in scenarios])
            hint = f"; did you mean {near}#{index or 0}?" if near else ""
            raise UsageError(f"--only {options.only}: there is no such call{hint}")
        chosen = [one for one in scenarios if one.name == name]
        calls = plan(chosen, calls=int(index or 0) + 1, seed=options.seed)
        return calls[-1:]
    chosen = [one for one in scenarios if _is_chosen(one, options)]
    if not chosen:
        raise UsageError(f"no scenario of {len(scenarios)} has that name or tag")
    return plan(chosen, calls=options.calls, seed=options.seed)


def _is_chosen(one: Scenario, options: Options) -> bool:
    has_tag = not options.tags or bool(set(options.tags) & set(one.tags))
    return has_tag and options.filter.lower() in one.name.lower()


def _make_models(options: Options, plans: Sequence[Plan], models: Models) -> None:
    """Make every model that will be asked, so that a wrong name is told before the first call.

    Raises:
        ModelError: If there is none of a name that an option gives.
        ScenarioError: If there is none of a name in scenarios.
    """
    for name in {options.llm, options.judge} - {"", OFFLINE}:
        models.get(name)
    problems: dict[str, None] = {}
    for scenario in (one.scenario for one in plans):
        persona = scenario.persona.model if scenario.persona else ""
        for path, name in (("persona.model", persona), ("judge.model", scenario.judge_model)):
            try:
                _ = models.get(name) if name not in ("", OFFLINE) else None
            except ModelError as error:
                problems[f"{scenario.place}: {path}: {error}"] = None
    if problems:
        raise ScenarioError(problems)


def _report(
    results: Sequence[Result], options: Options, parts: Parts, out: TextIO, *, seconds: float
) -> None:
    def command(one: Result) -> str:
        return shlex.join([*parts.program.split(), *again(options, one.plan.name)])

    if options.junit:
        _write(options.junit, to_junit(results, seconds=seconds, again=command))
    if options.html:
        page = to_html(results, seed=options.seed, seconds=seconds, again=command)
        _write(options.html, page.encode())
    if options.json:
        told = to_json(results, seed=options.seed, seconds=seconds)
        print(json.dumps(told, ensure_ascii=False), file=out)
        return
    print("\n".join(_told(results, command, seconds)), file=out)


def _told(results: Sequence[Result], command: Callable[[Result], str], seconds: float) -> list[str]:
    failed = [one for one in results if not one.passed]
    skipped = sum(one.judged.startswith("not judged") for one in results)
    lines = [*table(results), ""]
    lines += [f"{len(results)} calls in {seconds:.1f} s: {len(failed) or 'none'} failed"]
    if skipped:
        lines.append(f"{skipped} were not judged: name a model with --judge vendor:model")
    if failed:
        lines += ["", "to make the first of them again:", f"  {command(failed[0])}"]
    return lines


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
