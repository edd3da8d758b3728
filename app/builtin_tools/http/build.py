"""Makes the tool of a definition."""

from collections.abc import Mapping
from typing import Any, Final

from app.builtin_tools.built import Built
from app.builtin_tools.http.definition import HttpTool
from app.builtin_tools.http.request import ask, plan_of, result_of
from app.builtin_tools.json_schema import compile_check
from app.builtin_tools.looking_up import outside_number
from app.logs import Event
from app.outward import Outward
from app.session import Session
from app.tool import tool_elsewhere

SESSION: Final = "call.session"
"""The keyword of the session, which no argument can have."""
SPARE: Final = 0.5
"""Seconds beyond the request's, so that its own words reach the model."""


def build_http_tool(definition: HttpTool, outward: Outward) -> Built:
    """The tool of a definition, with its secrets opened."""
    plan = plan_of(definition)

    async def call(**arguments: Any) -> object:
        session: Session = arguments.pop(SESSION)
        outcome = await ask(plan, outward, arguments, values_of(session))
        if outcome.is_error:
            session.log.warning(
                Event.HTTP_TOOL_FAILED,
                tool=definition.name,
                status=outcome.status,
                reason=outcome.problem,
            )
        return result_of(outcome)

    made = tool_elsewhere(
        call,
        definition.name,
        definition.description,
        definition.parameters,
        check=compile_check(definition.parameters),
        session_parameter=SESSION,
        timeout=definition.timeout + SPARE,
        filler=definition.filler,
        once=definition.once,
    )
    return Built(made)


def values_of(session: Session) -> Mapping[str, str]:
    """Values of the call, by the names of their places."""
    return {
        "call.number": outside_number(session),
        "call.from": session.from_,
        "call.to": session.to,
        "call.call_sid": session.call_sid,
        "call.direction": session.direction,
    }
