"""No agent verb: the application's own model answers, spoken as its tokens come."""

from app import Application, Session, Verb, config
from hooks.own_model import Env, State, listen

own_model = Application("/own-model", state=State, env=Env)


@own_model.session_new
async def answer(session: Session[State, Env]) -> list[Verb]:
    """A model of your own, spoken token by token; runs without the agent verb."""
    session.tts.start("Hello, I am a model of your own. What can I do for you?")
    return [config(tts_stream={"enable": True}), listen()]
