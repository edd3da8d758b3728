"""Reminders go out to people, machines and engaged telephones."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from app.testing import CallRefused, Party, Twin, TwinCall

ABOUT = {"name": "Sarah", "time": "nine"}


async def remind(jambonz: Twin, **options: Any) -> TwinCall:
    return await jambonz.call("/reminder", direction="outbound", tag=ABOUT, **options)


@pytest.mark.parametrize(("answer", "outcome"), [("Yes.", "confirmed"), ("No.", "cancelled")])
async def test_a_person_is_asked(jambonz: Twin, answer: str, outcome: str) -> None:
    with capture_logs() as logs:
        call = await remind(jambonz)
        assert "Hello Sarah" in await call.heard()
        await call.say(answer)
        assert await call.ended() == "the application hung up"

    assert outcomes(logs) == [outcome]


async def test_a_machine_gets_a_message_after_its_beep(jambonz: Twin) -> None:
    with capture_logs() as logs:
        call = await remind(jambonz, answer=Party(who="machine", beep=True))
        assert await call.ended() == "the application hung up"

    assert len(call.spoken) == 1
    assert "tomorrow at nine. Please call us" in call.spoken[0]
    notes = [entry.data.get("text") for entry in call.log if entry.kind in ("note", "heard")]
    assert notes.index("amd: amd_tone_detected") < notes.index(call.spoken[0])
    assert outcomes(logs) == ["message left"]


async def test_a_machine_without_a_beep_gets_it_too(jambonz: Twin) -> None:
    call = await remind(jambonz, answer=Party(who="machine"))
    assert await call.ended()

    assert "Please call us" in call.spoken[0]


@pytest.mark.parametrize("reason", ["busy", "no-answer", "failed"])
async def test_a_call_that_reaches_nobody_is_noted(jambonz: Twin, reason: Any) -> None:
    with capture_logs() as logs, pytest.raises(CallRefused):
        await remind(jambonz, answer=reason)

    assert outcomes(logs) == [reason]


async def test_silence_is_no_consent(jambonz: Twin) -> None:
    with capture_logs() as logs:
        call = await remind(jambonz)
        assert "did not understand" in await call.silence()
        await call.ended()

    assert outcomes(logs) == ["no answer given"]


async def test_who_calls_back_is_asked_as_well(jambonz: Twin) -> None:
    async with await jambonz.call("/reminder") as call:
        assert "Hello there" in await call.heard()
        assert "see you" in await call.dtmf("1")


def outcomes(logs: Any) -> list[str]:
    return [line["outcome"] for line in logs if line["event"] == "reminder"]
