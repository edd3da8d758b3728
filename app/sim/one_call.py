"""One simulated call from its dialling to its verdict."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from app.llm import ChatModel, ModelError
from app.llm.offline import OfflineModel
from app.sim.caller import Script, settle
from app.sim.check import Check, Miss, misses
from app.sim.judge import judge
from app.sim.model_player import ModelPlayer
from app.sim.persona import Player, RulePlayer
from app.sim.result import Plan, Result, count, turns_of
from app.sim.scenario import Persona, Scenario
from app.twin import CallRefused, Chaos, Entry, Pace, Twin, TwinCall, TwinError
from app.twin.faults import find_faults
from app.twin.timings import Timings

OFFLINE = "offline"

PATIENCE = 10.0
"""Seconds of real time that a step may take."""

_HANGUP = (Entry(0.0, "end", {"reason": "the caller hung up", "by": "caller"}),)
"""What the call is going to end with; what this meets is not waited for."""


PACE = Pace(backoff=0.01, speech_rate=3.0, scale=1.0, silence=True)


class Models:
    """Models by name; each is made once, and used by every call.

    Args:
        connect: Makes one from its name.
    """

    def __init__(self, connect: Callable[[str], ChatModel]) -> None:
        self._connect = connect
        self._made: dict[str, ChatModel] = {}

    def get(self, name: str) -> ChatModel:
        """The model of that name.

        Raises:
            ModelError: If there is no such model.
        """
        if name not in self._made:
            self._made[name] = self._connect(name)
        return self._made[name]

    async def close(self) -> None:
        """Give back what they hold."""
        for model in self._made.values():
            await model.close()
        self._made.clear()


@dataclass(frozen=True, slots=True)
class Setup:
    """What all calls of a run share.

    Attributes:
        url: What is called where a scenario gives a path only.
        models: The models that are named anywhere.
        llm: Who plays the agents' model.
        judge: Who judges; empty where nobody does.
        timeout: Seconds of real time for one call.
        chaos: How badly the network behaves; each call draws by its own seed.
        timings: How long the parts of a turn take, on the virtual clock of each call.
        is_idle: Whether the application has done all for a call, where that can be seen.
    """

    url: str
    models: Models
    username: str | None = None
    password: str | None = None
    llm: str = OFFLINE
    judge: str = ""
    timeout: float = 60.0
    chaos: Chaos | None = None
    timings: Timings = field(default_factory=Timings.natural)
    is_idle: Callable[[str], bool] | None = None
    pace: Pace = PACE


async def make_call(plan: Plan, setup: Setup) -> Result:
    """Make one call; whatever goes wrong is told in its result."""
    began = time.monotonic()
    act = _Act(plan, setup)
    try:
        async with asyncio.timeout(setup.timeout):
            await act.play()
    except TimeoutError:
        act.miss(f"the call took longer than {setup.timeout:g} s of real time")
    except ModelError as error:
        act.miss(f"a model failed: {error}")
    return act.result(time.monotonic() - began)


class _Act:
    """A call under way, and what is known of it."""

    def __init__(self, plan: Plan, setup: Setup) -> None:
        self._plan = plan
        self._setup = setup
        self._scenario = plan.scenario
        self._call: TwinCall | None = None
        self._misses: list[Miss] = []
        self._judged = ""

    def miss(self, reason: str) -> None:
        """Note what went wrong with the call as a whole."""
        self._misses.append(Miss(str(self._scenario.place), reason))

    async def play(self) -> None:
        """Dial, do all that the scenario says, hang up, and judge."""
        async with self._twin() as twin:
            dialling = asyncio.create_task(twin.call(**self._arguments()))
            await asyncio.sleep(0)  # the call exists from here on: its greeting can be interrupted
            call = self._call = twin.calls[0]
            script = Script(call, self._scenario.steps)
            try:
                await dialling
                await script.play()
                if not script.misses:
                    await self._converse(call)
            except CallRefused as refused:
                where = self._scenario.path or "its url"
                is_lost = refused.reason.endswith("404")
                hint = f": no application answers at {where}" if is_lost else ""
                self.miss(f"the call was refused: {refused.reason}{hint}")
            except TwinError as error:
                self.miss(str(error).splitlines()[0])
            finally:
                dialling.cancel()
            self._misses += script.misses
            await self._conclude(twin, script.drops)

    async def _conclude(self, twin: Twin, drops: int) -> None:
        call = twin.calls[0]
        rules = self._scenario.expect
        await settle(call, [rule for rule in rules if misses([rule], _HANGUP)], -1)
        if not call.is_over:
            await call.hangup()
        self._misses += misses(rules, call.log)
        self._misses += self._goals_missed(call)
        self._find_faults(call, drops + twin.cuts)
        await self._judge(call)

    def _find_faults(self, call: TwinCall, drops: int) -> None:
        """Note what broke the rules of the wire, unless the scenario is about just that."""
        if any(isinstance(r, Check) and r.wanted.kind == "error" for r in self._scenario.expect):
            return
        for fault in find_faults(call.log, ack_timeout=self._setup.pace.ack, drops=drops):
            if not any(fault in one.reason for one in self._misses):
                self.miss(fault)

    async def _judge(self, call: TwinCall) -> None:
        """Ask the judge; what the checks found wrong stays wrong, whatever the judge says."""
        scenario = self._scenario
        name = scenario.judge_model or self._setup.judge
        if not scenario.judge:
            return
        if not name:
            self._judged = "not judged: name a model with --judge vendor:model"
            return
        verdict = await judge(self._setup.models.get(name), scenario.judge, call.log)
        self._judged = f"{name}: {'passed' if verdict.passed else verdict.reason}"
        if not verdict.passed:
            self.miss(f"the judge {name} found: {verdict.reason}")

    async def _converse(self, call: TwinCall) -> None:
        persona = self._scenario.persona
        if persona is None:
            return
        player = self._player(persona)
        heard = 0
        for _ in range(persona.max_turns):
            await call.settled()
            if call.is_over:
                return
            words, heard = " ".join(call.spoken[heard:]), len(call.spoken)
            move = await player.next(words, lambda check: not misses([check], call.log))
            if move is None:
                return
            if move.pause:
                await call.silence(move.pause)
            if move.cut_after:
                call.interrupt_after(move.cut_after)
            await call.say(move.text, confidence=move.confidence)
            call.let_finish()

    def _player(self, persona: Persona) -> Player:
        if persona.model in ("", OFFLINE):
            return RulePlayer(persona, self._plan.seed)
        return ModelPlayer(persona, self._setup.models.get(persona.model), self._plan.seed)

    def _goals_missed(self, call: TwinCall) -> list[Miss]:
        persona = self._scenario.persona
        goals = persona.goals if persona else ()
        return [
            Miss(missed.where, f"goal not reached: {goal.text}: {missed.reason}", missed.index)
            for goal in goals
            if goal.met
            for missed in misses([goal.met], call.log)
        ]

    def _twin(self) -> Twin:
        setup, pinned = self._setup, self._scenario.clock
        model: ChatModel = OfflineModel(today=pinned.date) if pinned else OfflineModel()
        if setup.llm != OFFLINE:
            model = setup.models.get(setup.llm)
        return Twin(
            self._scenario.url or setup.url,
            model=model,
            username=setup.username,
            password=setup.password,
            pace=replace(setup.pace, patience=PATIENCE, timings=setup.timings),
            clock="virtual",
            seed=self._plan.seed,
            is_idle=setup.is_idle,
            chaos=setup.chaos.seeded(self._plan.seed) if setup.chaos else None,
        )

    def _arguments(self) -> dict[str, Any]:
        scenario: Scenario = self._scenario
        callees = list(scenario.callees) or ["answer"]
        is_outbound = scenario.direction == "outbound"
        return {
            "path": scenario.path,
            "from_": scenario.from_,
            "to": scenario.to,
            "direction": scenario.direction,
            "env": scenario.env,
            "tag": scenario.customer_data(self._plan.seed),
            "far_end": callees[1:] or ["answer"] if is_outbound else callees,
            **({"answer": callees[0]} if is_outbound and scenario.callees else {}),
        }

    def result(self, seconds: float) -> Result:
        """How it went."""
        log = self._call.log if self._call else []
        return Result(
            plan=self._plan,
            misses=tuple(self._misses),
            turns=tuple(turns_of(log)),
            tools=count(log, "tool_call"),
            interruptions=count(log, "event", type="user_interruption"),
            end_reason=self._call.end_reason if self._call else "",
            trace=self._call.trace_hash() if self._call else "",
            judged=self._judged,
            seconds=seconds,
            log=tuple(log) if self._misses else (),
        )
