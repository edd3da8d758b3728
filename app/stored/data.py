"""An agent kept as data: what is created, updated, imported, and read back."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

import orjson
from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import InitErrorDetails

from app.agent.checks import check_texts
from app.stored.cascaded import AgentConfig, config_warnings, make_agent
from app.stored.faults import fault, faults_of, find_nul, place_of, refuse_all
from app.stored.parts import CallHook, Label, Limits, McpSource, ToolSwitches, TransferTarget
from app.stored.realtime import NOTHING, Data, Named, RealtimeConfig
from app.verbs.errors import Path, VerbError

__all__ = ["AgentData"]

MAX_PROMPT = 100_000
LONG_PROMPT = 12_000
MAX_LINKS = 100
Id = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        examples=["0d1f1bb2-5b9a-4c6e-9d0f-3a3f2a7c9e11"],
    ),
]


def kind_of_greeting(value: Any) -> str | None:
    """Which form of a greeting came."""
    kinds = {bool: "~flag", str: "~text", type(None): NOTHING}
    return kinds.get(type(value))


Greeting = Annotated[
    Annotated[bool, Tag("~flag")]
    | Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S"), Tag("~text")]
    | Annotated[None, Tag(NOTHING)],
    Discriminator(
        kind_of_greeting,
        custom_error_type="agent_data",
        custom_error_message="expected a text, true, false or null",
    ),
]


class AgentData(Data):
    """A voice agent as data: `realtime_config` or `agent_config` says how it runs."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    name: Label
    prompt: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_PROMPT,
            pattern=r"\S",
            description="The instructions; may hold `{{from}}`, `{{lookup.name}}` and such.",
        ),
    ]
    knowledge_base_ids: Annotated[
        list[Id],
        Field(default_factory=list, max_length=MAX_LINKS, description="What it may look up."),
    ]
    realtime_config: Annotated[
        RealtimeConfig, Field(description="One model that hears and speaks by itself.")
    ] = None
    agent_config: Annotated[
        AgentConfig | None, Field(description="STT, a language model and TTS, run by jambonz.")
    ] = None
    tools: ToolSwitches = ToolSwitches()
    transfer_targets: Annotated[
        list[TransferTarget], Field(default_factory=list, max_length=MAX_LINKS)
    ]
    http_tools: Annotated[
        list[Named],
        Field(
            default_factory=list,
            max_length=MAX_LINKS,
            description="Names of the organisation's tools.",
        ),
    ]
    mcp_servers: Annotated[list[McpSource], Field(default_factory=list, max_length=20)]
    call_hooks: Annotated[list[CallHook], Field(default_factory=list, max_length=20)]
    greeting: Annotated[
        Greeting,
        Field(description="Its first words; false waits for the caller, else the model begins."),
    ] = None
    limits: Limits = Limits()
    lookup_on_new: Annotated[
        bool, Field(description="Look the caller up before the first words.")
    ] = False
    transcript: Annotated[
        bool, Field(description="Have a realtime model write down what is said.")
    ] = True

    @model_validator(mode="before")
    @classmethod
    def _check_texts(cls, given: Any) -> Any:
        refuse_all(find_nul(given))
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse_all(self._find_faults())
        return self

    def _find_faults(self) -> Iterator[InitErrorDetails]:
        """What is wrong in how its parts go together."""
        if (self.realtime_config is None) is (self.agent_config is None):
            what = "neither" if self.realtime_config is None else "both"
            text = f"expected one of realtime_config and agent_config; got {what}"
            yield fault(("realtime_config",), text)
        elif self.agent_config is not None:
            yield from self._find_cascaded(self.agent_config)
        else:
            for problem in check_texts([(("prompt",), self.prompt)], {}):
                yield fault(place_of(problem), problem.text)
        if isinstance(self.greeting, str):
            for problem in check_texts([(("greeting",), self.greeting)], self.variables):
                yield fault(place_of(problem), problem.text)
        yield from self._find_transfers()
        yield from self._find_repeated()

    def _find_cascaded(self, config: dict[str, Any]) -> Iterator[InitErrorDetails]:
        if config.get("greeting") is not None and self.greeting is not None:
            text = "is given twice, here and as greeting of the agent; keep one"
            yield fault(("agent_config", "greeting"), text)
        try:
            make_agent(config, instructions=self.prompt)
        except VerbError as error:
            for found in faults_of(error):
                yield {**found, "loc": _place(found.get("loc", ()))}

    def _find_transfers(self) -> Iterator[InitErrorDetails]:
        if self.tools.transfer_call and not self.transfer_targets:
            text = "tools.transfer_call needs a number to transfer to: add {number, name}"
            yield fault(("transfer_targets",), text)

    def _find_repeated(self) -> Iterator[InitErrorDetails]:
        lists = {
            "knowledge_base_ids": self.knowledge_base_ids,
            "http_tools": self.http_tools,
        }
        names = [target.name.casefold() for target in self.transfer_targets]
        numbers = [target.number for target in self.transfer_targets]
        for option, values in lists.items():
            for index in _repeated(values):
                yield fault((option, index), f"{values[index]!r} is there twice; keep one")
        for index in _repeated(names):
            text = "another target has this name; the model could not tell them apart"
            yield fault(("transfer_targets", index, "name"), text)
        for index in _repeated(numbers):
            text = f"{numbers[index]} is there twice; keep one"
            yield fault(("transfer_targets", index, "number"), text)

    @property
    def variables(self) -> dict[str, Any]:
        """The operator's own values for ``{{…}}``."""
        return dict((self.agent_config or {}).get("variables") or {})

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is taken and may not work, in words that name the field."""
        if self.realtime_config is not None:
            return (*self.realtime_config.find_warnings(), *self._find_long())
        return tuple(config_warnings(self.agent_config or {}, instructions=self.prompt))

    def _find_long(self) -> Iterator[str]:
        """A realtime model gets its prompt in one frame, with its tools."""
        size = len(self.prompt.encode())
        if size > LONG_PROMPT:
            yield (
                f"prompt: {size:,} bytes are much for a realtime model: jambonz takes frames of "
                "24 KiB unless it is set up for more; let it look things up instead"
            )

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """An agent from JSON values.

        Raises:
            ValidationError: It is none.
        """
        return cls.model_validate_json(orjson.dumps(data))

    def to_json(self) -> dict[str, Any]:
        """What is stored and read back: all options, with their defaults."""
        return self.model_dump(mode="json")


def _place(path: Path) -> Path:
    """Where a problem of the agent stands in the JSON."""
    return ("prompt", *path[1:]) if path[:1] == ("instructions",) else ("agent_config", *path)


def _repeated(values: list[str]) -> Iterator[int]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)
