"""``/api/agents``, over a real socket."""

from typing import Any

import pytest

from app.store import DEFAULT_ORGANISATION, Store, new_id
from app.testing import Cordboard
from tests.api.agents import OPENAI, agent, cascaded, make_base
from tests.api.conftest import Api
from tests.store_fixtures import another_tenant

AGENTS = "/api/agents"


async def make(api: Api, **changes: Any) -> str:
    made = await api.post(AGENTS, agent(**changes))
    assert made.status == 201, made.text
    return f"{AGENTS}/{made.json['id']}"


async def test_an_agent_is_made_and_read_back(api: Api) -> None:
    made = await api.post(AGENTS, agent())
    read = await api.get(made.headers["Location"])

    assert (made.status, read.status) == (201, 200)
    assert made.headers["Location"] == f"{AGENTS}/{made.json['id']}"
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]
    assert {"name": "Front desk", "prompt": "Be brief.", "knowledge_base_ids": []}.items() <= (
        read.json.items()
    )
    assert read.json["realtime_config"] == {
        "provider": "openai",
        "model": "gpt-realtime",
        "voice": "sage",
        "speed": 1.0,
        "noise_reduction": "near_field",
        "vad": {
            "type": "server_vad",
            "threshold": 0.4,
            "prefix_padding_ms": None,
            "silence_duration_ms": None,
            "idle_timeout_ms": None,
            "create_response": True,
            "interrupt_response": True,
        },
    }
    assert (read.json["version"], read.json["is_published"]) == (1, True)
    assert read.json["warnings"] == []


async def test_an_agent_that_jambonz_runs_keeps_its_options_as_they_came(api: Api) -> None:
    config = {"llm": {"vendor": "openai", "model": "gpt-4.1"}, "stt": "deepgram:nova-3-general"}
    made = await api.post(AGENTS, cascaded(agent_config=config))

    assert made.status == 201, made.text
    assert made.json["agent_config"] == config
    assert made.json["realtime_config"] is None


async def test_newer_models_and_voices_are_taken_with_a_warning(api: Api) -> None:
    newer = {"provider": "openai", "model": "gpt-realtime-9", "voice": "marin"}
    made = await api.post(AGENTS, agent(realtime_config=newer))
    read = await api.get(made.headers["Location"])

    assert made.status == 201
    assert len(made.json["warnings"]) == 2
    assert "gpt-realtime-9" in made.json["warnings"][0]
    assert read.json["warnings"] == made.json["warnings"]


async def test_a_tool_that_the_organisation_does_not_have_is_a_warning(api: Api) -> None:
    made = await api.post(AGENTS, agent(http_tools=["find_order"]))
    read = await api.get(made.headers["Location"])

    assert made.status == 201
    (warning,) = made.json["warnings"]
    assert warning.startswith("http_tools[0]: ")
    assert read.json["warnings"] == [warning]


async def test_an_option_of_another_provider_is_not_proposed_as_itself(api: Api) -> None:
    config = {"provider": "gemini", "speed": 1.2}
    refused = await api.post(AGENTS, agent(realtime_config=config))

    assert refused.status == 422
    assert refused.json["errors"] == [
        {"field": "realtime_config.speed", "message": "is not known here; remove it"}
    ]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "at least 1 character"),
    ({"promt": "x"}, "promt", "did you mean 'prompt'?"),
    ({"realtime_config": None}, "realtime_config", "one of realtime_config and agent_config"),
    (
        {"realtime_config": {**OPENAI, "vad": {"type": "semantic_vad", "eagerness": "keen"}}},
        "realtime_config.vad.eagerness",
        "'low', 'medium', 'high' or 'auto'; got \"keen\"",
    ),
    (
        {"realtime_config": {**OPENAI, "vad": {"type": "semantic_vad", "eagernes": "low"}}},
        "realtime_config.vad.eagernes",
        "did you mean 'eagerness'?",
    ),
    ({"realtime_config": {"provider": "opnai"}}, "realtime_config.provider", "openai, gemini"),
    (
        {"transfer_targets": [{"name": "Sales", "number": "12"}]},
        "transfer_targets[0].number",
        "E.164",
    ),
    ({"knowledge_base_ids": ["x"]}, "knowledge_base_ids[0]", "pattern"),
    ({"prompt": "a\0b"}, "prompt", "NUL"),
]


@pytest.mark.parametrize(("changes", "field", "message"), WRONG, ids=[one[1] for one in WRONG])
async def test_what_is_wrong_is_told_by_field(
    api: Api, changes: dict[str, Any], field: str, message: str
) -> None:
    refused = await api.post(AGENTS, agent(**changes))

    assert refused.status == 422
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert message in refused.errors[field]
    assert (await api.get(AGENTS)).json == []


async def test_knowledge_bases_are_linked_and_all_links_are_replaced(
    api: Api, sqlite_store: Store
) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    one, two = await make_base(tenant), await make_base(tenant)
    place = await make(api, knowledge_base_ids=[two, one])

    assert (await api.get(place)).json["knowledge_base_ids"] == [two, one]
    assert (await api.get(AGENTS)).json[0]["knowledge_base_ids"] == [two, one]

    changed = await api.put(place, agent(knowledge_base_ids=[one]))

    assert changed.json["knowledge_base_ids"] == [one]
    assert (await api.put(place, agent())).json["knowledge_base_ids"] == []


async def test_a_base_of_nobody_or_of_others_is_named(api: Api, sqlite_store: Store) -> None:
    mine = await make_base(sqlite_store.tenant(DEFAULT_ORGANISATION))
    theirs, nobodys = await make_base(await another_tenant(sqlite_store)), new_id()
    place = await make(api)

    for method, path in (("POST", AGENTS), ("PUT", place)):
        body = agent(knowledge_base_ids=[mine, theirs, nobodys])
        refused = await api(method, path, body)

        assert refused.status == 422
        assert set(refused.errors) == {"knowledge_base_ids[1]", "knowledge_base_ids[2]"}
        assert theirs in refused.errors["knowledge_base_ids[1]"]
    assert (await api.get(place)).json["version"] == 1


async def test_put_replaces_everything(api: Api) -> None:
    place = await make(api, greeting="Hello!", lookup_on_new=True)

    changed = await api.put(place, cascaded(name="Night desk"))

    assert changed.status == 200
    assert changed.json["name"] == "Night desk"
    assert changed.json["greeting"] is None
    assert changed.json["lookup_on_new"] is False
    assert changed.json["realtime_config"] is None
    assert changed.json["version"] == 2
    assert (await api.get(place)).json == changed.json


async def test_a_deleted_agent_is_gone(api: Api) -> None:
    place = await make(api)

    gone = await api.delete(place)

    assert (gone.status, gone.text) == (204, "")
    for answer in (await api.get(place), await api.put(place, agent()), await api.delete(place)):
        assert answer.status == 404
        assert answer.json["type"] == "urn:cordboard:problem:no-such-agent"
        assert place.rpartition("/")[2] in answer.json["detail"]


async def test_all_are_listed_as_a_plain_array_and_in_pages_where_asked(api: Api) -> None:
    for name in ("One", "Two", "Three"):
        await make(api, name=name)

    everything = await api.get(AGENTS)

    assert [one["name"] for one in everything.json] == ["Three", "Two", "One"]
    assert "Link" not in everything.headers
    assert "warnings" not in everything.json[0]

    page, pages = await api.get(f"{AGENTS}?limit=2"), []
    while True:
        pages.append([one["name"] for one in page.json])
        if "Link" not in page.headers:
            break
        place, _, relation = page.headers["Link"].partition(">; ")
        assert relation == 'rel="next"'
        page = await api.get(place.removeprefix("<"))
    assert pages == [["Three", "Two"], ["One"]]


async def test_a_page_that_is_just_full_has_none_behind_it(api: Api) -> None:
    await make(api)

    assert "Link" not in (await api.get(f"{AGENTS}?limit=1")).headers


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=x", "offset=1"])
async def test_a_page_that_cannot_be_is_refused(api: Api, query: str) -> None:
    refused = await api.get(f"{AGENTS}?{query}")

    assert refused.status == 422
    assert set(refused.errors) == {query.partition("=")[0]}


async def test_agents_are_searched_by_name_and_prompt(api: Api) -> None:
    await make(api, name="Ärzte am Markt")
    await make(api, name="Sales", prompt="Sell 100% of it.")

    async def found(search: str) -> list[str]:
        answer = await api.get(AGENTS, params={"search": search})
        return [one["name"] for one in answer.json]

    assert await found("ÄRZTE") == ["Ärzte am Markt"]
    assert await found("sell 100%") == ["Sales"]
    assert await found("%") == ["Sales"]
    assert await found("_") == []
    assert await found("nothing") == []


async def test_what_the_client_has_is_not_sent_again(api: Api) -> None:
    place = await make(api)
    for path in (AGENTS, place, f"{place}/versions", f"{place}/versions/1"):
        first = await api.get(path)
        again = await api.get(path, headers={"If-None-Match": f'"x", {first.headers["ETag"]}'})

        assert (again.status, again.text) == (304, ""), path
        assert again.headers["ETag"] == first.headers["ETag"]
    before = (await api.get(place)).headers["ETag"]

    await api.put(place, agent())

    assert (await api.get(place, headers={"If-None-Match": before})).status == 200


async def test_a_change_of_what_has_changed_meanwhile_is_refused(api: Api) -> None:
    place = await make(api)
    old = (await api.get(place)).headers["ETag"]
    changed = await api.put(place, agent(name="Two"), headers={"If-Match": old})
    assert changed.status == 200

    for refused in (
        await api.put(place, agent(name="Three"), headers={"If-Match": old}),
        await api.delete(place, headers={"If-Match": old}),
        await api.post(f"{place}/versions/1/publish", headers={"If-Match": old}),
    ):
        assert refused.status == 412
        assert refused.headers["ETag"] == changed.headers["ETag"]
        assert "Version 2, saved by settings" in refused.json["detail"]
    assert (await api.get(place)).json["name"] == "Two"
    assert (await api.delete(place, headers={"If-Match": changed.headers["ETag"]})).status == 204


@pytest.mark.parametrize("header", ["*", "W/{}", '"other", {}'])
async def test_the_forms_of_if_match(api: Api, header: str) -> None:
    place = await make(api)
    tag = (await api.get(place)).headers["ETag"]

    changed = await api.put(place, agent(), headers={"If-Match": header.format(tag)})

    assert changed.status == 200


HOOK = {"url": "https://crm.example/calls", "username": "cordboard", "password": "of-the-hook"}


async def test_a_secret_is_sealed_and_shown_to_nobody(
    api: Api, cordboard: Cordboard, sqlite_store: Store
) -> None:
    place = await make(api, call_hooks=[HOOK])
    read = await api.get(place)

    assert read.json["call_hooks"][0]["password"] == "***"
    for path in (AGENTS, place, f"{place}/versions/1"):
        assert "of-the-hook" not in (await api.get(path)).text
    agents = sqlite_store.tenant(DEFAULT_ORGANISATION).agents
    kept = await agents.get(read.json["id"])
    assert kept is not None
    assert "of-the-hook" not in str(kept.data)


async def test_a_secret_that_comes_back_as_it_was_shown_stays_what_it_was(
    api: Api, sqlite_store: Store
) -> None:
    place = await make(api, call_hooks=[HOOK])
    agents = sqlite_store.tenant(DEFAULT_ORGANISATION).agents
    before = await agents.get(place.rpartition("/")[2])
    shown = (await api.get(place)).json["call_hooks"]

    changed = await api.put(place, agent(name="Two", call_hooks=shown))

    assert changed.status == 200, changed.text
    after = await agents.get(place.rpartition("/")[2])
    assert before is not None
    assert after is not None
    assert after.data["call_hooks"] == before.data["call_hooks"]
    elsewhere = [{**shown[0], "url": "https://thief.example"}]
    refused = await api.put(place, agent(call_hooks=elsewhere))
    assert refused.status == 422
    assert "call_hooks[0].password" in refused.errors
    assert (await api.post(AGENTS, agent(call_hooks=shown))).status == 422


async def test_a_path_that_is_no_id_is_told(api: Api) -> None:
    refused = await api.get(f"{AGENTS}/front-desk")

    assert refused.status == 422
    assert "agent_id" in refused.errors
