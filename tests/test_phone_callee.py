"""The phone plays the parties too whom an application dials, and those who pick up."""

import io
from collections.abc import AsyncIterator

from app.phone import Options, phone
from tests.twin_app import serving

DIAL = {"verb": "dial", "target": [{"type": "phone", "number": "1"}], "confirmHook": "/c"}
KEY = {"verb": "gather", "actionHook": "/k", "numDigits": 1, "say": {"text": "Press 1."}}


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def shown(options: Options, *lines: str) -> str:
    out = io.StringIO()
    await phone(options, out=out, lines=typed(*lines))
    return out.getvalue()


async def test_a_person_types_for_the_callee_as_well() -> None:
    verbs = [DIAL, {"verb": "say", "text": "Your party has left."}]
    async with serving(new=verbs, hooks={"/c": [KEY]}) as app:
        text = await shown(
            Options(url=app.url, callees=("stays",)),
            *("/callee-keys 1", "Hello there.", "/callee Good day.", "/ring-off"),
        )

    assert "→callee Press 1." in text
    assert "→callee Hello there." in text
    assert "dial    Good day." in text
    assert "Your party has left." in text


async def test_an_outbound_call_may_reach_a_machine_or_nobody() -> None:
    verbs = [{"verb": "config", "amd": {"actionHook": "/amd"}}]
    async with serving(new=verbs) as app:
        options = Options(url=app.url, direction="outbound", callees=("machine",))
        assert "amd: amd_tone_detected" in await shown(options, "/silence")

        options = Options(url=app.url, direction="outbound", callees=("busy",))
        assert "the called party: busy" in await shown(options)
