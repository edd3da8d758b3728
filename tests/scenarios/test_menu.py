"""The menu, by key and by voice."""

from app.twin import Twin


async def test_a_key_chooses(jambonz: Twin) -> None:
    async with await jambonz.call("/menu") as call:
        assert "Press 1" in await call.heard()
        assert "nine to five" in await call.dtmf("1")
        assert "Goodbye" in await call.dtmf("3")
        assert await call.ended()


async def test_a_word_chooses(jambonz: Twin) -> None:
    async with await jambonz.call("/menu") as call:
        await call.heard()
        assert "Main Street" in await call.say("your address please")


async def test_silence_is_asked_again_and_then_given_up(jambonz: Twin) -> None:
    async with await jambonz.call("/menu") as call:
        await call.heard()
        for _ in range(2):
            assert "Please press" in await call.silence()
        assert "did not understand" in await call.silence()
        assert await call.ended()
