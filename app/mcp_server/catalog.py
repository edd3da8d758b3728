"""All tools for assistants."""

from typing import Final

from app.mcp_server.follow import FOLLOW_CALL
from app.mcp_server.offer import Offer, from_operation
from app.mcp_server.pages import DOC_TOOLS
from app.mcp_server.rehearse import START_TWIN_CALL
from app.rest import calls, commands
from app.rest.models import UPDATE_BODIES

__all__ = ["CATALOG"]

RECEIPT: Final = "The receipt says what was sent; jambonz confirms nothing."

UPDATES: Final = tuple(
    from_operation(
        calls.update_agent,
        name=kind,
        title=kind.replace("_", " ").capitalize(),
        body=body,
        fixed={"type": kind},
        also=RECEIPT,
        changes=True,
    )
    for kind, body in UPDATE_BODIES.items()
)

TOOLS: Final = (
    from_operation(calls.list_calls, title="List live calls", as_list="calls"),
    from_operation(
        calls.show_call,
        name="get_call",
        title="Show a live call",
        also="Who calls whom, the agent and its tools, its state, turns, tool calls, last turn.",
    ),
    FOLLOW_CALL,
    *UPDATES,
    from_operation(
        commands.send_command,
        title="Send a command to jambonz",
        body=commands.CommandBody,
        also=f"For example `redirect` with verbs, `whisper`, `mute:status`, `record`. {RECEIPT}",
        changes=True,
        destroys=True,
    ),
    from_operation(
        calls.hang_up, title="Hang up a call", also=RECEIPT, changes=True, destroys=True
    ),
    START_TWIN_CALL,
    *DOC_TOOLS,
)

CATALOG: Final[dict[str, Offer]] = {tool.name: tool for tool in TOOLS}
