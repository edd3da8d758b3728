"""What a watcher may see of a call."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.session.live import LiveCall


def take_snapshot(session: "LiveCall[Any, Any]") -> dict[str, Any]:
    """The call as plain values; ``started_at`` is a UTC datetime."""
    agent = session.agent
    return {
        "call_sid": session.call_sid,
        "account_sid": session.account_sid,
        "application_sid": session.application_sid,
        "application": session.application.path,
        "direction": session.direction,
        "from": session.from_,
        "to": session.to,
        "caller_name": session.caller_name,
        "call_status": session.call_status,
        "trace_id": session.trace_id,
        "started_at": session.started,
        "state": "reconnecting" if session._connection.is_queueing else "open",
        "agent": agent
        and {
            "llm": agent.agent.llm_label,
            "instructions_length": len(agent.instructions),
            "tools": sorted({*session._agents.tools, *agent.raw_tools}),
        },
        "turns": session._turns,
        "tool_calls": session._tool_count,
        "interruptions": session._interruptions,
        "last_turn": session._last_turn,
    }
