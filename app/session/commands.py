"""Sending commands: checked by the table, rendered, and what they refer to made known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.agent import Rendered
from app.command import COMMANDS, TOOL_OUTPUT, Spec, unknown_command
from app.protocol import LocalError
from app.session import opening
from app.session.children import current_child
from app.session.live import E, LiveCall, S
from app.session.receipt import Receipt
from app.verbs import Render, Verb
from app.verbs.part import Part

Verbs = Verb | Mapping[str, Any] | Sequence[Verb | Mapping[str, Any]]

ANSWER_TOOLS_BY_ID = (
    "llm:tool-output belongs to a tool call: use session.send_tool_output(tool_call_id, result)"
)


class CommandSender(LiveCall[S, E]):
    """What all commands share."""

    __slots__ = ()

    @property
    def child_call_sid(self) -> str | None:
        """The leg that this call has dialed, as its statuses tell; None where there is none."""
        return current_child(self._children)

    async def redirect(self, verbs: Verbs, *, queue: bool = False) -> Receipt:
        """Replace what the call does by ``verbs``, at once; with ``queue``, go on with them later.

        Replacing ends the agent that runs, unless there is one among the verbs.
        """
        rendered = opening.render_reply(self, verbs)
        receipt = self._send_command("redirect", rendered.verbs, queue=queue or None)
        if not queue:
            self._agents.replace()
        self._apply(rendered, is_replacing=not queue)
        return receipt

    def _order(self, name: str, *, call_sid: str | None = None, **options: Any) -> Receipt:
        """Send a command whose options are given by their Python names; None is not given."""
        spec = COMMANDS[name]
        return self._send_order(spec, spec.make(options), call_sid)

    def _send_wire(
        self, name: str, data: object, *, call_sid: str | None, queue: bool | None
    ) -> Receipt:
        """Send a command whose data is given as on the wire."""
        if name == TOOL_OUTPUT:
            raise LocalError(ANSWER_TOOLS_BY_ID)
        if queue:
            raise LocalError("only a redirect with verbs can be queued; leave queue out")
        spec = COMMANDS.get(name)
        if spec is not None:
            return self._send_order(spec, spec.read(data), call_sid)
        advice = unknown_command(name)
        if self._runtime.is_news(f"command {name}"):
            self.log.warning("unknown_command", command=name, advice=advice)
        receipt = self._send_command(name, data, call_sid=call_sid)
        return replace(receipt, warnings=(advice,))

    def _send_order(self, spec: Spec, options: Part, call_sid: str | None = None) -> Receipt:
        """Send a checked command, and take note of the hooks and the agents in it."""
        is_redirect = spec.name == "redirect"
        render = Render(values=opening.template_values(self)) if is_redirect else Render()
        data = spec.write(options, render)
        replacing = replacing_verbs(data) if is_redirect else []
        rendered = Rendered(
            replacing, render.hooks, frozenset(render.names), tuple(render.agents)
        )
        opening.checked(self, rendered)
        receipt = self._send_command(spec.name, data, call_sid=call_sid)
        if replacing:
            self._agents.replace()
        self._apply(rendered, is_replacing=bool(replacing))
        return receipt


def replacing_verbs(data: object) -> list[Any]:
    """The verbs of a redirect that replace what this call does."""
    verbs = data.get("parent_call") if isinstance(data, Mapping) else None
    return verbs if isinstance(verbs, list) else []
