"""``agent_config``: the options of an :class:`app.Agent`, as JSON with the same names.

The model is made from the declaration of ``Agent`` itself, so that they cannot drift apart. What is
code there (tools, hooks) or has a place of its own in a stored agent (the prompt) is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, get_type_hints

from pydantic import AfterValidator, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema, InitErrorDetails

from app.agent import Agent, Llm
from app.stored.faults import fault, faults_of, refuse_all
from app.verbs.errors import VerbError
from app.verbs.part import Part
from app.verbs.speech import Recognizer, Synthesizer

ELSEWHERE: Final[Mapping[str, str]] = {
    "instructions": "the text of a stored agent is its `prompt`",
    "tools": "choose them in `tools`, `http_tools` and `mcp_servers` of the agent",
    "tool_hook": "the tools of a stored agent run on this server",
    "event_hook": "name URLs in `call_hooks` of the agent",
    "event_hooks": "name URLs in `call_hooks` of the agent",
    "action_hook": "what follows the agent is not data; write an application for it",
    "id": "it names a verb of an application; a stored agent has its own id",
}
"""Options of ``Agent`` that are not data, and what to do instead."""

TEXT_FORMS: Final[Mapping[str, type[Part]]] = {"stt": Recognizer, "tts": Synthesizer, "llm": Llm}
"""Options for which a text stands."""


class ConfigPart(Part):
    """The options of ``Agent`` that are data. Inner objects take either spelling of their names."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """JSON Schema by the names of Python, as in ``Agent(…)``."""
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        inner = handler.resolve_ref_schema(schema)
        properties = {name: inner["properties"][wire] for name, wire, _ in cls._options}
        for name, kind in TEXT_FORMS.items():
            text = {"type": "string", "description": kind.text_form}
            properties[name] = {**properties[name], "anyOf": [text, *properties[name]["anyOf"]]}
        inner["properties"] = properties
        return schema


def _data_options() -> dict[str, Any]:
    """Name, type and default of every option of ``Agent`` that is data."""
    hints = get_type_hints(Agent, include_extras=True)
    return {
        name: (hints[name], field.default)
        for name, field in Agent.model_fields.items()
        if name not in ELSEWHERE and name != "extra"
    }


AgentOptions: type[ConfigPart] = create_model(
    "AgentConfig", __base__=ConfigPart, __doc__=Agent.__doc__, **_data_options()
)
"""What ``agent_config`` may hold."""


def make_agent(config: Mapping[str, Any], **rest: Any) -> Agent:
    """The agent that a checked config describes, with what is not in it.

    Raises:
        VerbError: It is not an agent; the paths are those of ``Agent``.
    """
    return Agent(**config, **rest)


def config_warnings(config: Mapping[str, Any], **rest: Any) -> Iterator[str]:
    """What jambonz will ignore, or may not know."""
    for warning in make_agent(config, **rest).warnings:
        yield f"agent_config.{warning}"


def check_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config as it came, once an agent could be made of it."""
    refuse_all(find_faults(config))
    return config


def find_faults(config: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """What is wrong with a config by itself."""
    known = set(ELSEWHERE) & {Agent._spellings.get(key, key) for key in config}
    for key in config:
        name = Agent._spellings.get(key, key)
        if name in known:
            yield fault((key,), f"is not kept here: {ELSEWHERE[name]}", config[key])
    if known:
        return
    try:
        AgentOptions(**config)
        agent = make_agent(config)
    except VerbError as error:
        yield from faults_of(error)
        return
    for hook in sorted(agent.static.names):
        text = f"names the hook {hook!r}, which only an application answers; give a URL"
        yield fault(_where(config, hook), text)
    if agent.tool_items:
        yield fault(("llm", "llm_options", "tools"), f"is not kept here: {ELSEWHERE['tools']}")


def _where(value: Any, wanted: str, path: tuple[str | int, ...] = ()) -> tuple[str | int, ...]:
    """Where a text stands in JSON; the root where it stands nowhere."""
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        if one == wanted:
            return (*path, key)
        if found := _where(one, wanted, (*path, key)):
            return found
    return ()


class _Described:
    """Gives the JSON Schema of the options where a plain object is kept."""

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(AgentOptions.__pydantic_core_schema__)


AgentConfig = Annotated[dict[str, Any], AfterValidator(check_config), _Described()]
"""The options as they were given: what is read back is what was written."""
