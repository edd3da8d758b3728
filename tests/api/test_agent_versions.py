"""Versions of agents over REST: drafts, publishing, going back, and what has changed."""

from typing import Any

from app.store import DEFAULT_ORGANISATION, Store
from tests.api.agents import OPENAI, agent, cascaded, make_base
from tests.api.conftest import Api
from tests.api.test_agents import AGENTS, HOOK, make


async def versions(api: Api, place: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await api.get(f"{place}/versions")).json
    return listed


async def test_each_save_is_a_version_that_is_published_at_once(api: Api) -> None:
    place = await make(api)
    await api.put(f"{place}?note=After+the+move", agent(name="Two"))

    two, one = await versions(api, place)

    assert (two["number"], two["name"], two["note"]) == (2, "Two", "After the move")
    assert two["is_published"]
    assert two["created_by"] == "settings"
    assert (one["number"], one["is_published"]) == (1, False)
    assert one["published_at"] is not None


async def test_a_draft_is_kept_until_it_is_published(api: Api) -> None:
    place = await make(api)
    tag = (await api.get(place)).headers["ETag"]

    draft = await api.put(f"{place}?draft=true", agent(name="Two"))

    assert draft.status == 200
    assert (draft.json["version"], draft.json["is_published"]) == (2, False)
    assert draft.headers["Content-Location"] == f"{place}/versions/2"
    assert "ETag" not in draft.headers, "it is not what GET of the agent gives"
    shown = await api.get(place)
    assert (shown.json["name"], shown.headers["ETag"]) == ("Front desk", tag)
    assert (await api.get(draft.headers["Content-Location"])).json["name"] == "Two"

    published = await api.post(f"{place}/versions/2/publish")

    assert published.status == 200
    assert published.json["is_published"]
    assert (await api.get(place)).json == published.json
    assert (await api.get(place)).headers["ETag"] == published.headers["ETag"]


async def test_an_agent_may_begin_as_a_draft(api: Api) -> None:
    made = await api.post(f"{AGENTS}?draft=true", agent())

    assert made.status == 201
    assert made.json["is_published"] is False
    place = made.headers["Location"]
    assert (await api.get(place)).json == made.json
    changed = await api.put(
        f"{place}?draft=true", agent(name="Two"), headers={"If-Match": made.headers["ETag"]}
    )
    assert changed.headers["ETag"] == (await api.get(place)).headers["ETag"]


async def test_to_go_back_brings_everything_back(api: Api, sqlite_store: Store) -> None:
    base = await make_base(sqlite_store.tenant(DEFAULT_ORGANISATION))
    place = await make(api, knowledge_base_ids=[base])
    first = (await api.get(place)).json
    await api.put(place, cascaded(name="Worse"))

    back = await api.post(f"{place}/versions/1/publish")

    about = ("updated_at",)
    kept = {name: value for name, value in back.json.items() if name not in about}
    assert kept == {name: value for name, value in first.items() if name not in about}
    assert [one["is_published"] for one in await versions(api, place)] == [False, True]


async def test_versions_come_in_pages_where_asked(api: Api) -> None:
    place = await make(api)
    for _ in range(2):
        await api.put(place, agent())

    page = await api.get(f"{place}/versions?limit=2")
    assert [one["number"] for one in page.json] == [3, 2]
    assert page.headers["Link"] == f'<{place}/versions?limit=2&after=2>; rel="next"'
    rest = await api.get(page.headers["Link"][1:].partition(">")[0])
    assert [one["number"] for one in rest.json] == [1]
    assert "Link" not in rest.headers


async def test_a_version_that_is_not_there_is_told(api: Api) -> None:
    place = await make(api)

    for answer in (
        await api.get(f"{place}/versions/2"),
        await api.post(f"{place}/versions/2/publish"),
        await api.get(f"{place}/versions/1/compare/2"),
        await api.get(f"{place}/versions/2/compare/1"),
    ):
        assert answer.status == 404
        assert "no version 2" in answer.json["detail"]
    nobody = f"{AGENTS}/00000000-0000-4000-8000-0000000000ff"
    assert (await api.get(f"{nobody}/versions")).status == 404
    assert (await api.get(f"{place}/versions/0")).status == 422


async def test_what_has_changed_is_told_by_field_and_the_prompt_by_line(
    api: Api, sqlite_store: Store
) -> None:
    base = await make_base(sqlite_store.tenant(DEFAULT_ORGANISATION))
    place = await make(api, prompt="Hello.\nBe brief.\nBye.")
    louder = {**OPENAI, "voice": "alloy", "vad": {"type": "semantic_vad"}}
    await api.put(
        place,
        agent(prompt="Hello.\nBe kind.\nBye.", realtime_config=louder, knowledge_base_ids=[base]),
    )

    compared = (await api.get(f"{place}/versions/1/compare/2")).json

    changes = {one["field"]: (one["before"], one["after"]) for one in compared["changes"]}
    assert changes["realtime_config.voice"] == ("sage", "alloy")
    assert changes["realtime_config.vad.type"] == ("server_vad", "semantic_vad")
    assert changes["realtime_config.vad.threshold"] == (0.4, None)
    assert changes["realtime_config.vad.eagerness"] == (None, "medium")
    assert changes["knowledge_base_ids"] == ([], [base])
    assert "prompt" not in changes
    assert compared["prompt_diff"] == (
        "--- version 1\n+++ version 2\n@@ -1,3 +1,3 @@\n Hello.\n-Be brief.\n+Be kind.\n Bye.\n"
    )
    assert (compared["number"], compared["other"]) == (1, 2)


async def test_the_same_version_has_no_changes(api: Api) -> None:
    place = await make(api)

    compared = (await api.get(f"{place}/versions/1/compare/1")).json

    assert (compared["changes"], compared["prompt_diff"]) == ([], "")


async def test_of_a_changed_secret_only_the_change_is_told(api: Api) -> None:
    place = await make(api, call_hooks=[HOOK])
    shown = (await api.get(place)).json["call_hooks"]
    await api.put(place, agent(call_hooks=shown))
    await api.put(place, agent(call_hooks=[{**HOOK, "password": "another"}]))

    kept = (await api.get(f"{place}/versions/1/compare/2")).json["changes"]
    changed = (await api.get(f"{place}/versions/2/compare/3")).json["changes"]

    assert kept == []
    assert changed == [{"field": "call_hooks[0].password", "before": "***", "after": "***"}]
