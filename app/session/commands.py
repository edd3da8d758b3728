"""Sending commands: checked by the table, rendered, and what they refer to made known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.agent import Rendered
from app.command import COMMANDS, TOOL_OUTPUT, Spec, unknown_command
from app.organisation import call_key
from app.protocol import LocalError
from app.session import opening
from app.session.children import current_child
from app.session.facts import E, S
from app.session.live import LiveCall
from app.session.receipt import Receipt
from app.verbs import Render, Verb
from app.verbs.part import Part

Verbs = Verb | Mapping[str, Any] | Sequence[Verb | Mapping[str, Any]]

REDIRECT = "redirect"
ANSWER_TOOLS_BY_ID = (
    "llm:tool-output belongs to a tool call: use session.send_tool_output(tool_call_id, result)"
)
ONLY_VERBS_QUEUE = "only a redirect with verbs can be queued; leave queue out"


class CommandSender(LiveCall[S, E]):
    """What the methods of all commands share."""

    __slots__ = ()

    def _order(self, name: str, *, call_sid: str | None = None, **options: Any) -> Receipt:
        """Send a command whose options are given by their Python names; None is not given."""
        spec = COMMANDS[name]
        return self._send_order(spec, spec.make(options), call_sid)

    def _send_wire(
        self, name: str, data: object, *, call_sid: str | None, queue: bool | None
    ) -> Receipt:
        """Send a command whose data is given as on the wire."""
        if name == REDIRECT and isinstance(data, Verb | list | tuple):
            return self._redirect(data, call_sid=call_sid, queue=queue)
        if queue:
            raise LocalError(ONLY_VERBS_QUEUE)
        if name == TOOL_OUTPUT:
            raise LocalError(ANSWER_TOOLS_BY_ID)
        spec = COMMANDS.get(name)
        if spec is None:
            return self._send_unknown(name, data, call_sid)
        return self._send_order(spec, spec.read(data), call_sid)

    def _redirect(
        self, verbs: Verbs, *, call_sid: str | None = None, queue: bool | None = None
    ) -> Receipt:
        """Send verbs for this leg, or for another one, whose agents are not ours to follow."""
        rendered = opening.render_reply(self, verbs)
        is_own = call_sid in (None, self.call_sid)
        receipt = self._send_command(REDIRECT, rendered.verbs, call_sid=call_sid, queue=queue)
        if not is_own:
            rendered = replace(rendered, agents=())
        elif not queue:
            self._agents.replace()
        self._apply(rendered, is_replacing=is_own and not queue)
        return receipt

    def _send_order(self, spec: Spec, options: Part, call_sid: str | None = None) -> Receipt:
        """Send a checked command, and take note of the hooks and the agents in it."""
        is_redirect = spec.name == REDIRECT
        render = Render(values=opening.CallValues(self)) if is_redirect else Render()
        data = spec.write(options, render)
        names, roles = frozenset(render.names), render.roles
        known = Rendered([], render.hooks, names, tuple(render.agents), roles=roles)
        opening.checked(self, known)
        receipt = self._send_command(spec.name, data, call_sid=call_sid)
        own, other = split_legs(data, known) if is_redirect else (known, None)
        if own.verbs:
            self._agents.replace()
        self._apply(own, is_replacing=bool(own.verbs))
        child = current_child(self._children)
        if other is not None and child is not None:
            self._runtime.hand_over(call_key(self.organisation_id, child), other)
        return receipt

    def _send_unknown(self, name: str, data: object, call_sid: str | None) -> Receipt:
        advice = unknown_command(name)
        if self._runtime.is_news(f"command {name}"):
            self.log.warning("unknown_command", command=name[:80], advice=advice)
        return replace(self._send_command(name, data, call_sid=call_sid), warnings=(advice,))


def split_legs(data: object, rendered: Rendered) -> tuple[Rendered, Rendered | None]:
    """What either leg of a dial is given by a redirect of both; the child's may be nothing."""
    own, other = verbs_of(data, "parent_call"), verbs_of(data, "child_call")
    kinds = {one.agent.verb for one in rendered.agents}
    count = sum(verb.get("verb") in kinds for verb in own)
    parent = replace(rendered, verbs=own, agents=rendered.agents[:count])
    child = replace(rendered, verbs=other, agents=rendered.agents[count:])
    return parent, child if other else None


def verbs_of(data: object, leg: str) -> list[Any]:
    """The verbs for a leg in the data of a redirect."""
    verbs = data.get(leg) if isinstance(data, Mapping) else None
    return verbs if isinstance(verbs, list) else []
