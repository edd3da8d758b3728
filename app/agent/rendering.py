"""Rendering: what a handler returned, as JSON values for jambonz."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from app.agent.rendered import Rendered
from app.verbs.errors import VerbError, refuse
from app.verbs.explain import show
from app.verbs.part import Verb
from app.verbs.raw import read_verb
from app.verbs.render import Render

NOTHING: Mapping[str, object] = MappingProxyType({})


def render(
    items: object, *, values: Mapping[str, object] = NOTHING, names: Collection[str] = ()
) -> Rendered:
    """Turn verbs and agents into JSON values, with what they refer to.

    Args:
        items: An agent, a verb, JSON of one, a sequence of those, or None.
        values: Call data for ``{{…}}`` in prompts, flat (``customerData.tier``) or nested.
        names: Hook names that are answered already, to be left out of ``Rendered.names``.

    Raises:
        VerbError: An item is no verb, or a verb given as JSON is wrong.
    """
    collected = Render(values=values)
    verbs = [verb.render_verb(collected) for verb in read_items(items)]
    unanswered = frozenset(collected.names.difference(names))
    agents = tuple(collected.agents)
    return Rendered(verbs, collected.hooks, unanswered, agents, roles=collected.roles)


def read_items(items: object) -> list[Verb]:
    """The verbs in what a handler returned."""
    if items is None:
        return []
    if isinstance(items, Verb | Mapping):
        return [read_one(items, "verb")]
    if isinstance(items, Sequence) and not isinstance(items, str | bytes):
        return [read_one(item, f"verbs[{index}]") for index, item in enumerate(items)]
    raise refuse(f"expected verbs or an Agent; got {show(items)}").within("verbs")


def read_one(item: object, root: str) -> Verb:
    """One verb; in an error ``root`` says which of several it was."""
    if isinstance(item, Verb):
        return item
    try:
        return read_verb(item)
    except VerbError as error:
        is_one = root == "verb" and error.root
        inner = f".{error.root}" if error.root else ""
        raise error.within(error.root if is_one else f"{root}{inner}") from None
