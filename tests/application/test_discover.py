"""Finding applications in a working folder, and what is wrong with them at start."""

from pathlib import Path

import pytest
import structlog

from app import ConfigurationError, discover, tool
from app.application import recall_tool, refer_to_tool

HELLO = """
from app import Application, Session, say
hello = Application("/hello")

@hello.session_new
async def answer(session: Session):
    return say("hi")
"""


def write(folder: Path, text: str, name: str = "hello.py") -> None:
    (folder / "handlers" / name).write_text(text)


def test_applications_are_found_by_path(folder: Path) -> None:
    write(folder, HELLO)
    write(folder, HELLO.replace("/hello", "/again"), "again.py")

    assert [one.path for one in discover(folder)] == ["/again", "/hello"]


def test_an_application_that_two_modules_name_is_found_once(folder: Path) -> None:
    write(folder, HELLO)
    write(folder, "from handlers.hello import hello", "zz.py")

    assert [one.path for one in discover(folder)] == ["/hello"]


def test_the_hooks_of_the_folder_are_known_by_their_labels(folder: Path) -> None:
    hook = "@action_hook{options}\ndef {name}(): ...\n"
    text = "from app import action_hook\n" + "".join(
        hook.format(name=name, options=options)
        for name, options in (("a", ""), ("b", "(name='twice')"), ("c", "(name='twice')"))
    )
    write(folder, HELLO + text)
    write(folder, "from handlers.hello import a", "zz.py")

    (hello,) = discover(folder)
    assert [(label, hook.name) for label, hook in hello.found.hooks.items()] == [
        ("/handlers.hello.a", "a")
    ], "who shares a label cannot be told apart"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no Application"),
        ("from app import Application\nx = Application('/x')", "answers no calls"),
        (HELLO + HELLO.replace("hello", "other").replace("/other", "/hello"), "share the path"),
        ("from app import Application\nx = Application('x')", "begin it with a slash"),
        (
            HELLO + "\nfrom app import Agent\nA = Agent(llm='openai:x', tool_hook='/tool', "
            "tools=[{'name': 'find', 'description': 'd', 'parameters': {'type': 'object'}}])",
            "nothing answers the hook '/tool'",
        ),
        (
            HELLO + "\nfrom app import gather\nMENU = [gather(action_hook='/menu-done')]",
            r'@hello\.on\("/menu-done"\)',
        ),
        (
            HELLO + "\nfrom app import Agent\nA = Agent(llm='openai:x', event_hook='/events-here')",
            "nothing answers the hook '/events-here'",
        ),
    ],
)
def test_what_cannot_work_stops_the_start(folder: Path, text: str, message: str) -> None:
    write(folder, text)
    with pytest.raises(ConfigurationError, match=message):
        discover(folder)


IN_HANDLER = """
from app import Agent, Application, Session, gather, redirect, tool
hello = Application("/hello")

@tool
async def find(what: str) -> str:
    "Find it."
    return what

@hello.session_new
async def answer(session: Session):
    return {verb}
"""


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("Agent(llm='openai:x', action_hook='/gone')", r'@hello\.on\("/gone"\)'),
        ("Agent(llm='openai:x', tool_hook='/nothing', tools=[{'name': 'f'}])", "'/nothing'"),
        ("Agent(llm='openai:x', event_hook='/unheard')", "'/unheard'"),
        ("[gather(partial_result_hook='/partial')]", "'/partial'"),
        ("Agent(llm='openai:x', instructions='Hi {{form}}')", "did you mean 'from'"),
    ],
)
def test_what_a_handler_names_in_its_source_is_checked_at_start(
    folder: Path, verb: str, message: str
) -> None:
    write(folder, IN_HANDLER.replace("{verb}", verb))
    with pytest.raises(ConfigurationError, match=message):
        discover(folder)


@pytest.mark.parametrize(
    "verb",
    [
        "Agent(llm='openai:x', tool_hook='/label', tools=[find])",
        "Agent(llm='openai:x', event_hook='/label', event_hooks=[])",
        "Agent(llm='openai:x', action_hook='https://example.com/done')",
        "Agent(llm='openai:x', instructions='Hi {{mine}}', variables={'mine': 1})",
        "Agent(llm='openai:x', instructions='Hi {{from}}, {{customerData.tier}}')",
        "[redirect(action_hook='/elsewhere')]",
    ],
)
def test_what_is_answered_in_another_way_is_no_problem(folder: Path, verb: str) -> None:
    write(folder, IN_HANDLER.replace("{verb}", verb))

    assert len(discover(folder)) == 1


def test_a_hook_that_is_answered_by_name_is_no_problem(folder: Path) -> None:
    write(
        folder,
        HELLO
        + "\nfrom app import gather\nMENU = gather(action_hook='/menu-done')\n"
        + "@hello.on('/menu-done')\nasync def done(session, data): ...\n",
    )

    assert len(discover(folder)) == 1


def test_a_package_file_is_not_needed(folder: Path) -> None:
    (folder / "handlers" / "__init__.py").unlink()
    (folder / "hooks").mkdir()
    (folder / "hooks" / "words.py").write_text("HI = 'hi'")
    write(folder, "from hooks.words import HI\n" + HELLO)

    assert [one.path for one in discover(folder)] == ["/hello"]


def test_a_folder_without_handlers_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cordboard new"):
        discover(tmp_path)


def test_an_error_in_a_module_is_raised_as_it_is(folder: Path) -> None:
    write(folder, "1 / 0")
    with pytest.raises(ZeroDivisionError):
        discover(folder)


TOOLS = '''
from app import Agent, mcp_tools, tool

@tool
async def ping() -> str:
    """Ping."""
    return "pong"

def made(name: str):
    @tool(name=name)
    async def inner() -> str:
        """Do it."""
        return name
    return inner

a, more = made("a"), [made("b")]
clock = mcp_tools("uvx mcp-server-time")
helper = Agent(llm="openai:x", tools=[mcp_tools("https://example.com/mcp"), made("c")])
'''


def test_tools_are_known_by_their_functions_or_by_where_they_stand(folder: Path) -> None:
    write(folder, HELLO + TOOLS)
    write(folder, "from handlers.hello import ping", "zz.py")
    (hello,) = discover(folder)
    tools = {name: tool.name for name, tool in hello.found.tools.items()}

    assert tools == {
        "/handlers.hello.ping": "ping",
        "handlers.hello:ping": "ping",
        "handlers.zz:ping": "ping",
        "handlers.hello:a": "a",
        "handlers.hello:more[0]": "b",
        "handlers.hello:helper.tools[1]": "c",
    }
    assert hello.found.sources.keys() == {"handlers.hello:clock", "handlers.hello:helper.tools[0]"}


def test_a_tool_is_found_again_by_what_it_was_referred_to_by(folder: Path) -> None:
    write(folder, HELLO + TOOLS)
    (hello,) = discover(folder)
    for one in hello.found.tools.values():
        reference = refer_to_tool(hello, one)
        assert reference is not None
        assert recall_tool(hello, reference) is one

    ping = hello.found.tools["handlers.hello:ping"]
    reference = refer_to_tool(hello, ping.with_options(timeout=9.0))
    assert reference == ["/handlers.hello.ping", {"timeout": 9.0}]
    again = recall_tool(hello, reference)
    assert again is not None
    assert (again.function, again.timeout) == (ping.function, 9.0)


def test_a_tool_of_nowhere_has_no_name(folder: Path) -> None:
    @tool
    async def here() -> str:
        """Do it."""
        return ""

    write(folder, HELLO)
    (hello,) = discover(folder)

    assert refer_to_tool(hello, here) is None
    assert recall_tool(hello, "/handlers.hello.gone") is None


def test_a_state_that_cannot_be_kept_is_told_at_start(folder: Path) -> None:
    state = """
import asyncio
from dataclasses import dataclass

@dataclass
class State:
    turns: int
    lock: asyncio.Lock

late = Application("/late", state=State)

@late.session_new
async def answer_late(session: Session):
    return say("hi")
"""
    write(folder, HELLO + state)
    with structlog.testing.capture_logs() as logs:
        discover(folder)

    (told,) = [one for one in logs if one["event"] == "state_not_kept"]
    assert (told["application"], told["what"]) == ("/late", "lock")
