"""A call that has lasted as long as it may is ended."""

import asyncio
import gc
import weakref

import pytest

from app import Application, Session, Verb, pause
from app.stored.limits import begin_limits, farewell
from app.stored.parts import Limits
from app.testing import Cordboard
from app.twin import Twin

SOON = Limits.model_construct(max_duration=0, max_turns=None, goodbye="Our time is over.")
LATER = Limits(max_duration=3600)
limited = Application("/limited/{when}")


@limited.session_new
async def answer(session: Session) -> list[Verb]:
    limits = SOON if session.path_params["when"] == "soon" else LATER
    begin_limits(session, limits, farewell(limits))
    return [pause(60)]


@pytest.fixture
def cordboard_applications() -> list[Application]:
    return [limited]


async def test_a_call_is_ended_with_the_operators_words(jambonz: Twin) -> None:
    async with await jambonz.call("/limited/soon") as call:
        await call.ended()
        assert call.spoken == ["Our time is over."]
        assert call.commands[-1]["command"] == "redirect"


async def test_a_limit_does_not_keep_a_call_that_is_over(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/limited/later"):
        (session,) = cordboard.calls
        kept = weakref.ref(session)
        del session
    async with asyncio.timeout(5):
        while kept() is not None:  # its end is still to be written
            gc.collect()
            await asyncio.sleep(0.01)


def test_a_farewell_has_the_voice_of_the_agent() -> None:
    words, _ = farewell(Limits(goodbye="Bye."), "cartesia:sonic-english")
    assert words.model_dump(exclude_unset=True)["synthesizer"]["vendor"] == "cartesia"
    assert [verb.verb for verb in farewell(Limits())] == ["hangup"]
