"""The agent follows the caller's language: what it hears, and with which voice it then speaks."""

from typing import Any

import pytest

from app.llm import FakeModel
from app.twin import Twin, TwinCall
from app.twin.agent.language import detect
from tests.twin_app import agent, serving

TTS = {"vendor": "cartesia", "voice": "v1", "language": "en-US"}
SPANISH = {"es": {"tts": {"voice": "v2", "language": "es-MX"}}}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the weather in Portland?", "en"),
        ("Hola, ¿qué tiempo hace en Madrid?", "es"),
        ("Necesito una cita para mañana", "es"),
        ("Bonjour, je voudrais un rendez-vous", "fr"),
        ("Guten Tag, ich möchte einen Termin", "de"),
        ("Buongiorno, vorrei sapere quando siete aperti", "it"),
        ("Olá, eu preciso de uma consulta amanhã", "pt"),
        ("Hallo, ik wil graag een afspraak", "nl"),
        ("Dzień dobry, chcę umówić wizytę", "pl"),
        ("Hej, jag vill boka en tid", "sv"),
        ("Merhaba, bir randevu istiyorum", "tr"),
        ("Здравствуйте, какая погода?", "ru"),
        ("Добрий день, яка погода в Києві?", "uk"),
        ("Καλημέρα", "el"),
        ("今日の天気は?", "ja"),
        ("今天天气怎么样", "zh"),
        ("오늘 날씨 어때요?", "ko"),
        ("مرحبا", "ar"),
        ("שלום", "he"),
        ("नमस्ते", "hi"),
        ("สวัสดี", "th"),
        ("Portland", ""),
        ("42", ""),
        ("", ""),
    ],
)
def test_a_few_words_tell_the_language(text: str, language: str) -> None:
    assert detect(text) == language


def switches(call: TwinCall) -> list[str]:
    return [e.data["language"] for e in call.log if e.kind == "note" and "voice" in e.data]


async def spoken_with(said: list[str], **options: Any) -> tuple[list[Any], list[str]]:
    """The voice after each utterance, and the languages that the agent switched to."""
    verb = agent(greeting=False, tts=TTS, **options)
    model = FakeModel(["Yes."] * len(said))
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        voices = []
        for text in said:
            await call.say(text)
            voices.append(call.effects["voice"])
        return voices, switches(call)


SAID = ["Portland", "Hola, ¿qué tal?", "Guten Tag, ich bin da"]


async def test_without_the_option_the_voice_stays() -> None:
    voices, languages = await spoken_with(SAID, languageConfig=SPANISH)

    assert voices == [TTS, TTS, TTS]
    assert languages == []


async def test_true_locks_on_to_the_first_language_that_is_heard() -> None:
    voices, languages = await spoken_with(SAID, autoLockLanguage=True, languageConfig=SPANISH)

    spanish = {"vendor": "cartesia", "voice": "v2", "language": "es-MX"}
    assert voices == [TTS, spanish, spanish]
    assert languages == ["es"]


async def test_always_follows_on_every_turn() -> None:
    voices, languages = await spoken_with(
        [*SAID, "What is it?"], autoLockLanguage="always", languageConfig=SPANISH
    )

    assert [(voice["voice"], voice["language"]) for voice in voices] == [
        ("v1", "en-US"),
        ("v2", "es-MX"),
        ("v1", "de"),
        ("v1", "en-US"),
    ]
    assert languages == ["es", "de", "en"]


async def test_the_keys_of_the_config_are_read_as_jambonz_reads_them() -> None:
    exact = {"ES": {"tts": {"voice": "v3"}}}
    regional = {"es-MX": {"tts": {"voice": "v4"}}}

    (voice,), _ = await spoken_with(["Hola"], autoLockLanguage=True, languageConfig=exact)
    (other,), _ = await spoken_with(["Hola"], autoLockLanguage=True, languageConfig=regional)

    assert (voice["voice"], voice["language"]) == ("v3", "es")
    assert (other["voice"], other["language"]) == ("v1", "es")


async def test_a_key_that_is_not_found_is_noted() -> None:
    config = {"es-MX": {"tts": {"voice": "v4"}}}
    verb = agent(greeting=False, tts=TTS, autoLockLanguage=True, languageConfig=config)
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel(["Sí."])) as twin:
        call = await twin.call()
        await call.say("Hola")

        notes = [entry.data["text"] for entry in call.log if entry.kind == "note"]
        assert "languageConfig has es-MX, and no es: it is not used" in notes


async def test_words_that_interrupt_are_heard_as_well() -> None:
    verb = agent(greeting=False, tts=TTS, autoLockLanguage=True)
    model = FakeModel(["One two three four.", "Sí."])
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        call.interrupt_after(2, "¿Habla usted español?")
        await call.say("Portland")

        assert call.effects["voice"]["language"] == "es"
