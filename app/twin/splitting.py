"""How a redirect parts the legs of a dial, and the dialled one becomes a call of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.address import DialFailed
from app.twin.pending import NoAck
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

SUFFIX = "/adulting"
"""What jambonz appends to the URL of the application, whatever that ends in."""


async def split(leg: "Leg", data: Mapping[str, Any]) -> None:
    """Give the legs of a connected dial verbs of their own, from lists or from hooks."""
    child = leg.child
    if child is None or not leg.is_bridged:
        leg.log.note("a redirect of the child leg needs a connected dial: no effect")
        return
    try:
        theirs = await _verbs(child, data.get("child_call"), data.get("child_call_hook"))
        mine = await _verbs(leg, data.get("parent_call"), data.get("call_hook"))
    except (NoAck, BadInstruction) as failure:
        leg.log.note(f"the legs are not parted: {failure}")
        return
    if theirs is not None:
        set_free(child, theirs)
    if mine:
        leg.stack.replace(mine)
    else:
        leg.stack.kill()


def refer(referred: "Leg", verbs: list[Verb]) -> None:
    """Give the leg that a REFER is about verbs of its own; with that the dial is over."""
    if referred.parent is None:
        referred.stack.replace(verbs)
    else:
        set_free(referred, verbs)
        referred.parent.stack.kill()


def set_free(child: "Leg", verbs: list[Verb]) -> None:
    """Let a dialled leg become a call of its own."""
    child.is_adult = True
    child.spawn(grow_up(child, verbs))


async def _verbs(leg: "Leg", listed: Any, hook: Any) -> list[Verb] | None:
    """The verbs that a leg is given; None where it is given none at all."""
    if listed is not None:
        return leg.hooks.check(listed)
    if hook:
        return await leg.hooks.ask_verbs(hook, leg.info.common(), "session:redirect")
    return None


async def grow_up(leg: "Leg", verbs: list[Verb]) -> None:
    """Open a socket for a leg that was dialled, and let it run its own verbs."""
    leg.url += SUFFIX
    try:
        asking = await leg.introduce(leg.url)
    except DialFailed as failure:
        leg.finish(f"no socket for the leg on its own: {failure}")
        return
    leg.put(verbs)
    try:
        if await asking:
            leg.log.note("verbs in the ack of session:adulting are ignored", **leg.mark)
    except NoAck as failure:
        leg.log.note(f"no ack to session:adulting: {failure}", **leg.mark)
    leg.grew_up = True
    leg.log.poke()
