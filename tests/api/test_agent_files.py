"""Agents as Markdown files over REST: export, import, check."""

from typing import Any

import pytest

from app.store import DEFAULT_ORGANISATION, Store, new_id
from tests.api.agents import OPENAI, agent, cascaded, make_base
from tests.api.conftest import Answered, Api
from tests.api.test_agents import AGENTS, HOOK, make

MARKDOWN = {"Content-Type": "text/markdown"}
FILE = """---
name: Front desk
realtime_config:
  provider: openai
  voice: sage
transfer_targets:
  - number: +14155550123
    name: Sales
---

You answer the telephone.

Be brief.
"""


async def send(api: Api, text: str, query: str = "", to: str = "import") -> Answered:
    return await api.post(f"{AGENTS}/{to}{query}", text, headers=MARKDOWN)


async def export(api: Api, place: str, query: str = "") -> str:
    answer = await api.get(f"{place}/export{query}")
    assert answer.status == 200, answer.text
    return answer.text


def without_about(agent: dict[str, Any]) -> dict[str, Any]:
    about = {"id", "version", "is_published", "created_at", "updated_at", "warnings"}
    return {name: value for name, value in agent.items() if name not in about}


async def test_a_file_by_hand_makes_an_agent(api: Api) -> None:
    made = await send(api, FILE)

    assert made.status == 201, made.text
    assert made.json["name"] == "Front desk"
    assert made.json["prompt"] == "You answer the telephone.\n\nBe brief."
    assert made.json["realtime_config"]["voice"] == "sage"
    assert made.json["transfer_targets"][0]["number"] == "+14155550123"
    assert (await api.get(made.headers["Location"])).json == made.json


async def test_an_export_reads_like_a_page(api: Api) -> None:
    place = await make(api, realtime_config={"provider": "gemini"}, prompt="Hello.\nBe kind.")

    answer = await api.get(f"{place}/export")

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="front-desk.md"'
    assert (
        answer.text
        == f"""---
id: {place.rpartition("/")[2]}
version: 1
name: Front desk
realtime_config:
  provider: gemini
  model: gemini-live-2.5-flash-preview-native-audio-09-2025
  voice: Aoede
  start_of_speech_sensitivity: START_SENSITIVITY_HIGH
  end_of_speech_sensitivity: END_SENSITIVITY_HIGH
  activity_handling: START_OF_ACTIVITY_INTERRUPTS
tools:
  query_knowledge: true
  lookup_caller: true
  end_call: true
  transfer_call: false
lookup_on_new: false
transcript: true
---

Hello.
Be kind.
"""
    )


RICH = [
    agent(prompt="  Leading, trailing \n\n---\nname: no field\n---\n\n"),
    agent(prompt="\n\nÄ {{from}} \u2028 \t end", greeting="Hello!\nWho is there?"),
    agent(realtime_config={**OPENAI, "speed": 1.25}, greeting=False, call_hooks=[HOOK]),
    agent(
        tools={"transfer_call": True, "end_call": False},
        transfer_targets=[{"number": "+14155550123", "name": "yes", "description": "# 1: 2"}],
        limits={"max_duration": 600, "goodbye": "Bye: see you."},
        mcp_servers=[{"url": "https://mcp.example/x", "headers": {"X-Key": "s3cret"}, "only": []}],
    ),
    cascaded(
        agent_config={
            "llm": {"vendor": "openai", "model": "gpt-4.1", "llm_options": {"temperature": 0.0}},
            "stt": "deepgram:nova-3-general",
            "variables": {"zeta": "1", "alpha": "null", "count": "0042"},
            "greeting": True,
        }
    ),
]


@pytest.mark.parametrize("body", RICH, ids=range(len(RICH)))
async def test_an_export_imports_as_what_it_was(api: Api, body: dict[str, Any]) -> None:
    made = await api.post(AGENTS, body)
    assert made.status == 201, made.text
    place = made.headers["Location"]
    text = await export(api, place)

    assert (await send(api, text, to="check")).json["is_same"], text
    again = await send(api, text)

    assert again.status == 200, again.text
    assert again.json["version"] == 2
    assert without_about(again.json) == without_about(made.json)
    assert await export(api, place) == text.replace("version: 1", "version: 2", 1)
    assert await export(api, place, "?version=1") == text


async def test_the_ids_of_linked_bases_go_with_the_file(api: Api, sqlite_store: Store) -> None:
    base = await make_base(sqlite_store.tenant(DEFAULT_ORGANISATION))
    place = await make(api, knowledge_base_ids=[base])
    text = await export(api, place)

    assert f"knowledge_base_ids:\n- {base}\n" in text
    gone = text.replace(base, new_id())
    refused = await send(api, gone)
    assert refused.status == 422
    line = gone.split("\n").index("knowledge_base_ids:") + 2
    assert refused.errors["knowledge_base_ids[0]"].startswith(f"line {line}: there is no such")


async def test_a_file_of_an_older_version_is_refused(api: Api) -> None:
    place = await make(api)
    text = await export(api, place)
    await api.put(place, agent(name="Changed meanwhile"))

    refused = await send(api, text)

    assert refused.status == 412
    assert "Version 2, saved by settings" in refused.json["detail"]
    assert (await api.get(place)).json["name"] == "Changed meanwhile"
    assert (await send(api, text, to="check")).json["is_current"] is False
    assert (await send(api, text, "?force=true")).json["name"] == "Front desk"


async def test_a_draft_of_somebody_else_is_nobodys_loss(api: Api) -> None:
    place = await make(api)
    text = await export(api, place)
    await api.put(f"{place}?draft=true", agent(name="Draft"))

    assert (await send(api, text)).json["version"] == 3


async def test_a_file_is_saved_as_a_draft_where_asked(api: Api) -> None:
    place = await make(api)
    text = (await export(api, place)).replace("Be brief.", "Be kind.")

    draft = await send(api, text, "?draft=true&note=Kinder")

    assert (draft.status, draft.json["is_published"]) == (200, False)
    assert (await api.get(place)).json["prompt"] == "Be brief."
    (first, _) = (await api.get(f"{place}/versions")).json
    assert first["note"] == "Kinder"


WRONG = [
    (FILE.replace("voice", "voic"), "realtime_config.voic", "line 5: is not known here; did you"),
    (FILE.replace("name: F", "nme: F"), "nme", "line 2: is not known here; did you mean 'name'?"),
    (FILE.replace("name: F", "nme: F"), "name", "is missing"),
    (FILE.replace("+1415", "1415"), "transfer_targets[0].number", "line 7: "),
    (FILE.replace("sage", "[sage]"), "realtime_config.voice", "line 5: "),
    (FILE.replace("---\n\n", "prompt: Hi\n---\n\n"), "prompt", "line 9: is the text below"),
    (FILE.replace("name: F", "id: x\nname: F"), "id", "line 2: "),
    (FILE.replace("name: F", "version: '1'\nname: F"), "version", "line 2: "),
    (FILE.replace("name: F", f"id: {new_id()}\nname: F"), "id", "line 2: there is no agent"),
    (FILE.replace("name: ", "name: ["), "body", "line 3: "),
    ("Hello.", "body", "line 1: expected a line `---`"),
    (FILE.partition("You")[0], "prompt", "at least 1 character"),
]


@pytest.mark.parametrize(("text", "field", "message"), WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("to", ["import", "check"])
async def test_what_is_wrong_in_a_file_is_told_with_its_line(
    api: Api, text: str, field: str, message: str, to: str
) -> None:
    refused = await send(api, text, to=to)

    assert refused.status == 422, refused.text
    assert message in refused.errors[field], refused.errors
    assert (await api.get(AGENTS)).json == []


async def test_a_file_comes_as_markdown_in_utf8(api: Api) -> None:
    as_json = await api.post(f"{AGENTS}/import", FILE, headers={"Content-Type": "text/plain"})
    broken = await api.post(f"{AGENTS}/import", b"---\n\xff\n---\n", headers=MARKDOWN)

    assert as_json.status == 415
    assert as_json.headers["Accept"] == "text/markdown"
    assert broken.status == 400
    assert "not UTF-8" in broken.json["detail"]


async def test_a_check_tells_what_would_change_and_saves_nothing(api: Api) -> None:
    place = await make(api, call_hooks=[HOOK])
    before = await export(api, place)
    after = before.replace("sage", "nova").replace("'***'", "anew")
    assert after.count("anew") == 1

    checked = (await send(api, after, to="check")).json

    assert (checked["id"], checked["version"]) == (place.rpartition("/")[2], 1)
    assert (checked["is_current"], checked["is_same"]) == (True, False)
    assert checked["before"] == before
    assert checked["after"] == after.replace("anew", "'*** (a new one)'")
    assert "nova" in checked["warnings"][0]
    assert (await api.get(place)).json["version"] == 1
    new = (await send(api, FILE, to="check")).json
    assert (new["id"], new["version"], new["before"], new["is_same"]) == (None, None, "", False)


@pytest.mark.parametrize("word", ["import", "check"])
async def test_a_word_is_no_id_of_an_agent(api: Api, word: str) -> None:
    refused = await api.put(f"{AGENTS}/{word}", agent())

    assert refused.status == 405
    assert refused.headers["Allow"] == "OPTIONS,POST"
