"""What the tests of calls that go on in another process need: a keeper, and that process."""

from collections.abc import Callable
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from app import Agent, Application
from app.calls import Calls
from app.session import Runtime
from tests.session.conftest import Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


def kept(line: Line) -> Any:
    """What a checkpoint would have, by way of JSON."""
    return orjson.loads(orjson.dumps(line.session._tool_calls.capture()))


def ask(line: Line, name: str, call_id: str = "t1", /, **arguments: Any) -> None:
    """A tool call whose output is not waited for."""
    data = {"tool_call_id": call_id, "name": name, "arguments": arguments}
    line.send("agent:tool-call", data, hook="/tools")


def agent_with(*tools: Any, **options: Any) -> Application[Any, Any]:
    return application_with(Agent(**AGENT, instructions="Help.", tools=list(tools), **options))


async def revived(application: Application[Any, Any], checkpoint: Any) -> Line:
    """The same call in another process, its tools restored and not begun."""
    line = Line(application, Calls(Runtime()))
    await line.open()
    for one in (checkpoint or {}).get("calls", ()):
        if not one.get("is_late"):
            line.session._connection._calls.add(one["id"])
    line.session._tool_calls.restore(checkpoint)
    return line


def resume(line: Line) -> list[str]:
    """Begin what was restored; what the log says of each."""
    with capture_logs() as logs:
        line.session.log = line.session.log.new()
        line.session._tool_calls.resume()
    return [one["how"] for one in logs if one["event"] == "tool_call_restored"]


def resent(line: Line) -> float:
    text = line.session._runtime.counters.write().decode()
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    name = "cordboard_tool_outputs_resent_total"
    return sum(sample.value for sample in samples if sample.name == name)
