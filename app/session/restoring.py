"""A call that another process has kept: read, and gone on with."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from app.agent import Rendered
from app.application import Notes, read_state
from app.hook import Hook
from app.protocol import Carried, ConfigurationError, Wire, read_carried
from app.protocol.roles import ROLES, HookRole
from app.session.agents import Agents
from app.session.carried_agents import References, restore_agent, restore_agents
from app.session.checkpoint import LOST, VERSION, tell_of_state
from app.session.errors import CheckpointRefused
from app.session.offers import Offers
from app.session.opening import Release
from app.session.stored import StoredVersion
from app.vault import VaultError

if TYPE_CHECKING:
    from app.session.live import LiveCall

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, ConfigurationError)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that was read, and is of this application.

    Attributes:
        value: All of it.
        carried: What the connection needs.
        stored: The stored agent that answers, if one does.
    """

    value: Wire
    carried: Carried
    stored: StoredVersion | None

    @property
    def is_opened(self) -> bool:
        """Whether the handler of the new call has answered it."""
        return self.carried.is_answered and not self.value.get("owes_opening", False)


def read_checkpoint(session: "LiveCall[Any, Any]", data: bytes) -> Checkpoint:
    """What :func:`capture` gave.

    Raises:
        CheckpointRefused: It is damaged, of another version, or of another application.
    """
    try:
        value = orjson.loads(data)
        if value["v"] != VERSION:
            raise CheckpointRefused(f"expected version {VERSION}, got {value['v']!r:.20}")
        if value["application"] != session.application.path:
            raise CheckpointRefused(
                f"expected a call of {session.application.path}, got one of "
                f"{value['application']!r:.80}"
            )
        stored = StoredVersion(*value["stored"]) if "stored" in value else None
        connection = unseal(session, value["connection"])
        return Checkpoint(value, read_carried(connection), stored)
    except UNREADABLE as error:
        raise CheckpointRefused(f"it is damaged: {type(error).__name__}: {error}") from None


def unseal(session: "LiveCall[Any, Any]", connection: Wire) -> Wire:
    """What a connection needs, as it was before it was sealed.

    Raises:
        CheckpointRefused: No key that is set here has sealed it.
    """
    sealed, vault = connection.get("sealed"), session._runtime.vault
    if sealed is None:
        return connection
    try:
        opened = "" if vault is None else vault.open(sealed)
    except VaultError as error:
        raise CheckpointRefused(str(error)) from None
    found: Wire = orjson.loads(opened)
    return found


def restore(session: "LiveCall[Any, Any]", checkpoint: Checkpoint) -> None:
    """Let a session, to which jambonz has come back, be the call that was kept.

    Args:
        session: It knows what ``session:reconnect`` told, and no more.
        checkpoint: Of the call.

    Raises:
        CheckpointRefused: It is damaged; the session is as it was.
    """
    value = checkpoint.value
    names = References(session.application, checkpoint.stored is not None)
    try:
        agents = Agents(session.application)
        restore_agents(agents, value["agents"], value.get("prompts", ()), names)
        hooks = restore_hooks(value["code"]["hooks"], names)
        roles = restore_roles(value["code"]["roles"])
        offers = restore_offers(value.get("offers", {}), names)
        started = datetime.fromtimestamp(value["started"], UTC)
        restore_facts(session, value)
        session._tool_calls.restore(value["tools"])
        restore_handed_over(session, value.get("handed_over", {}), names)
    except UNREADABLE as error:
        raise CheckpointRefused(f"it is damaged: {type(error).__name__}: {error}") from None
    if names.missing:
        session.log.error("not_found_again", what=sorted(names.missing), fix=LOST)
    session._agents = agents
    session._offered = offers
    session._hooks.update(hooks)
    session._roles.update(roles)
    session.stored_version = checkpoint.stored
    session.started = started
    session._began = time.monotonic() - (datetime.now(UTC) - started).total_seconds()
    restore_state(session, value)
    restore_release(session, value)
    session._connection.restore(checkpoint.carried)


def restore_hooks(labels: list[str], names: References) -> dict[str, Hook[..., Any]]:
    """The hooks that verbs refer to."""
    found = {label: names.find_hook(label) for label in labels}
    return {label: hook for label, hook in found.items() if hook is not None}


def restore_roles(value: dict[str, list[str]]) -> dict[str, frozenset[HookRole]]:
    """What the hooks are for; a role that this release does not know is told by the payload."""
    known = {
        name: frozenset(ROLES[one] for one in of if one in ROLES) for name, of in value.items()
    }
    return {name: roles for name, roles in known.items() if roles}


def restore_handed_over(session: "LiveCall[Any, Any]", value: Wire, names: References) -> None:
    """What legs were given that will come to this process, too."""
    for leg, given in value.items():
        agents = tuple(restore_agent(one, prompt, names) for one, prompt in given)
        verbs = [{"verb": one.agent.verb} for one in agents]
        session._handed_over |= {leg}
        session._runtime.hand_over(leg, Rendered(verbs, agents=agents))


def restore_offers(value: Wire, names: References) -> Offers | None:
    """What a call offers over MCP, as far as it is found again."""
    if not value:
        return None
    offers = Offers()
    for token, tools in value.items():
        found = {name: names.find_tool(name, one) for name, one in tools.items()}
        offers.add(token, {name: one for name, one in found.items() if one is not None})
    return offers


def restore_facts(session: "LiveCall[Any, Any]", value: Wire) -> None:
    """What has changed since the call began."""
    turns, interruptions, tools = value["counts"]
    session._turns, session._interruptions, session._tool_count = turns, interruptions, tools
    session.call_status = str(value["status"])
    session.customer_data = value.get("customer_data", session.customer_data)
    session.lookup = value.get("lookup")
    session.notes = value.get("notes", {})
    session._last_turn = value.get("last_turn")
    session._children.update(value.get("children", {}))


def restore_state(session: "LiveCall[Any, Any]", value: Wire) -> None:
    """The application's state; of what cannot be read, the fresh one stays."""
    if "state" not in value:
        return
    notes: Notes = {}
    session.state = read_state(session.state, value["state"], notes)
    tell_of_state(session, notes)


def restore_release(session: "LiveCall[Any, Any]", value: Wire) -> None:
    """The parts of a split prompt that wait for the agent to run."""
    if "split" not in value:
        return
    session._is_prompt_split = True
    if value["split"] is not None:
        session._release = Release(bool(value["split"]), 0.0)
        session._release.put_off()
