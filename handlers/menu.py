"""A menu: it runs on every jambonz, also where there is no agent verb."""

from app import Application, Session, Verb
from hooks.menu import menu as ask

menu = Application("/menu")


@menu.session_new
async def answer(session: Session[dict[str, int]]) -> list[Verb]:
    """A menu by key or by voice, without an agent."""
    return [ask("Welcome. Press 1 or say hours, press 2 or say address, press 3 to say goodbye.")]
