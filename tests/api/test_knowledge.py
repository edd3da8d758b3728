"""Knowledge bases over REST: kept, filled from texts, files and the web, and asked."""

import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import orjson
import pytest

from app.llm import FakeModel
from app.rest.api import documents as documents_module
from app.settings import Settings
from app.store import Tenant, new_id
from app.testing import Cordboard
from tests.api.conftest import Answered, Api
from tests.knowledge import documents as files
from tests.knowledge.documents import WORD
from tests.web_peer import Peer, peer

BASES = "/api/knowledge-bases"
HOURS = {"title": "Opening hours", "content": "# Week\n\nWe open at nine.\n\n# Sunday\n\nClosed."}


@pytest.fixture
def cordboard_settings(cordboard_settings: Settings) -> Settings:
    return cordboard_settings.model_copy(update={"allow_private": ("127.0.0.1",)})


@pytest.fixture
async def website() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


async def make(api: Api, title: str = "Shop") -> str:
    made = await api.post(BASES, {"title": title})
    assert made.status == 201, made.text
    assert made.headers["Location"] == f"{BASES}/{made.json['id']}"
    id_: str = made.json["id"]
    return id_


async def upload(api: Api, base: str, data: bytes, **how: Any) -> Answered:
    return await api.post(f"{BASES}/{base}/uploads", data, **how)


async def test_a_base_is_made_shown_changed_and_deleted(api: Api) -> None:
    base = await make(api)
    shown = await api.get(f"{BASES}/{base}")

    assert {"id": base, "title": "Shop", "description": "", "document_count": 0}.items() <= (
        shown.json.items()
    )
    assert shown.json["agent_ids"] == []
    changed = await api.put(f"{BASES}/{base}", {"title": "Store", "description": "All"})
    assert (changed.json["title"], changed.json["description"]) == ("Store", "All")
    assert [each["id"] for each in (await api.get(BASES)).json] == [base]
    assert (await api.delete(f"{BASES}/{base}")).status == 204
    assert (await api.get(f"{BASES}/{base}")).status == 404


async def test_what_the_client_has_is_not_sent_again(api: Api) -> None:
    base = await make(api)
    tag = (await api.get(f"{BASES}/{base}")).headers["ETag"]

    assert (await api.get(f"{BASES}/{base}", headers={"If-None-Match": tag})).status == 304
    await api.post(f"{BASES}/{base}/documents", HOURS)
    assert (await api.get(f"{BASES}/{base}", headers={"If-None-Match": tag})).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "a", "color": "red"}, "color"),
    ],
)
async def test_a_wrong_field_is_named(api: Api, body: Mapping[str, object], field: str) -> None:
    refused = await api.post(BASES, body)

    assert refused.status == 422
    assert list(refused.errors) == [field]


async def test_a_document_is_kept_listed_replaced_and_deleted(api: Api) -> None:
    base = await make(api)
    made = await api.post(f"{BASES}/{base}/documents", HOURS)
    place = made.headers["Location"]

    assert made.status == 201
    assert place == f"{BASES}/{base}/documents/{made.json['id']}"
    assert made.json["knowledge_id"] == base
    assert (await api.get(place)).json == made.json
    (listed,) = (await api.get(f"{BASES}/{base}/documents")).json
    assert "content" not in listed
    assert (await api.get(f"{BASES}/{base}")).json["document_count"] == 1
    replaced = await api.put(place, {"title": "New", "content": "Text"})
    assert (replaced.json["title"], replaced.json["content"]) == ("New", "Text")
    assert (await api.delete(place)).status == 204
    assert (await api.get(place)).status == 404
    assert (await api.delete(place)).status == 404


async def test_a_long_document_is_taken_and_one_that_is_too_long_is_not(api: Api) -> None:
    base = await make(api)
    long = {"title": "Long", "content": "word " * 199_999 + "end"}

    assert (await api.post(f"{BASES}/{base}/documents", long)).json["characters"] == 999_998
    too_long = long | {"content": long["content"] + "xyz"}
    refused = await api.post(f"{BASES}/{base}/documents", too_long)
    assert (refused.status, list(refused.errors)) == (422, ["content"])
    sections = await api.post(f"{BASES}/{base}/documents", long | {"content": "# a\n\nb\n" * 6000})
    assert "6,000 sections" in sections.errors["content"]
    body = io.BytesIO(orjson.dumps(long | {"content": "x" * 7_000_000}))
    headers = {"Content-Type": "application/json"}
    refused = await api.post(f"{BASES}/{base}/documents", data=body, headers=headers)
    assert refused.status == 413


async def test_a_file_is_uploaded_as_the_body(api: Api) -> None:
    base = await make(api)
    headers = {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="hours.pdf"',
    }
    made = await upload(api, base, files.pdf("We open at nine."), headers=headers)

    assert made.status == 201, made.text
    assert {
        "title": "hours",
        "content": "We open at nine.",
        "media_type": "application/pdf",
        "source": "hours.pdf",
    }.items() <= made.json.items()


async def test_a_file_is_uploaded_in_a_form_with_a_title_of_ones_own(api: Api) -> None:
    base = await make(api)
    form = aiohttp.FormData()
    form.add_field("file", files.docx(), filename="hours.docx", content_type=WORD)
    made = await api.post(f"{BASES}/{base}/uploads?title=Our+hours&description=of+2026", data=form)

    assert made.status == 201, made.text
    assert (made.json["title"], made.json["description"]) == ("Our hours", "of 2026")
    assert made.json["content"].startswith("# Opening hours")


async def test_a_form_must_hold_one_file(api: Api) -> None:
    base = await make(api)
    form = aiohttp.FormData()
    form.add_field("file", b"x", filename="a.txt", content_type="text/plain")
    form.add_field("title", "Hours")
    refused = await api.post(f"{BASES}/{base}/uploads", data=form)

    assert refused.status == 422
    assert "it has 'file', 'title'" in refused.json["detail"]


@pytest.mark.parametrize(
    ("data", "media_type", "status", "detail"),
    [
        (files.zip_bomb(100), WORD, 422, "unpacks to 104,857,600 bytes"),
        (b"%PDF-1.7 broken", "application/pdf", 422, "no PDF that can be read"),
        (files.pdf("x", password="s3cret"), "application/pdf", 422, "is encrypted"),
        (b"MZ\0\0", "text/plain", 422, "holds bytes that are none"),
        (b"x", "image/png", 422, "of type 'image/png'"),
        (b"", "text/plain", 400, "is empty"),
        (b"--x", "multipart/form-data", 400, "form cannot be read"),
        (b"--x", "multipart/form-data; boundary=x", 400, "form cannot be read"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_told(
    api: Api, data: bytes, media_type: str, status: int, detail: str
) -> None:
    base = await make(api)
    refused = await upload(api, base, data, headers={"Content-Type": media_type})

    assert (refused.status, detail in refused.json["detail"]) == (status, True), refused.text
    assert (await api.get(f"{BASES}/{base}/documents")).json == []


async def test_a_file_that_is_too_large_is_refused_in_either_form(api: Api) -> None:
    base = await make(api)
    data = b"x" * (documents_module.LARGEST_FILE + 1)
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(data), filename="a.txt", content_type="text/plain")
    headers = {"Content-Type": "text/plain"}
    refused = await api.post(f"{BASES}/{base}/uploads", data=io.BytesIO(data), headers=headers)

    assert refused.status == 413
    assert (await api.post(f"{BASES}/{base}/uploads", data=form)).status == 413


async def test_a_page_of_the_web_becomes_a_document(api: Api, website: Peer) -> None:
    url = website.redirect("/hours", "/shop/hours.html")
    page = "<title>Zeiten</title><p>Täglich ab neun.".encode("latin-1")
    website.on("/shop/hours.html", page, headers={"Content-Type": "text/html; charset=latin-1"})
    base = await make(api)
    made = await api.post(f"{BASES}/{base}/imports", {"url": url})

    assert made.status == 201, made.text
    assert {
        "title": "Zeiten",
        "content": "Täglich ab neun.",
        "media_type": "text/html",
        "source": url,
    }.items() <= made.json.items()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "is no public address"),
        ("http://10.0.0.1/", "is no public address"),
        ("http://[::1]:8080/", "is no public address"),
        ("file:///etc/passwd", "begins with https:// or http://"),
        ("nonsense", "begins with https:// or http://"),
    ],
)
async def test_an_address_that_is_not_public_is_refused(api: Api, url: str, reason: str) -> None:
    base = await make(api)
    refused = await api.post(f"{BASES}/{base}/imports", {"url": url})

    assert refused.status == 422
    assert reason in refused.errors["url"]


async def test_an_address_that_answers_with_an_error_is_told(api: Api, website: Peer) -> None:
    base = await make(api)
    refused = await api.post(f"{BASES}/{base}/imports", {"url": f"{website.url}/gone"})

    assert refused.errors == {"url": "the address answered with HTTP 404"}


async def test_a_question_is_tried_without_a_model(api: Api) -> None:
    base = await make(api)
    await api.post(f"{BASES}/{base}/documents", HOURS)
    answer = await api.post(f"{BASES}/{base}/query", {"question": "When do you open?"})
    unknown = await api.post(f"{BASES}/{base}/query", {"question": "Do you sell bikes?"})

    assert answer.json == {
        "answer": "We open at nine.",
        "sources": ["Opening hours"],
        "by": "passage",
    }
    assert unknown.json == {"answer": None, "sources": [], "by": "nobody"}
    assert (await api.get(f"{BASES}/{base}/questions")).json == []


async def test_a_question_is_tried_with_the_worker_model(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = FakeModel(["At nine.\nSources: Opening hours"]), []

    def connect(spec: str, *, keys: object) -> FakeModel:
        asked.append(spec)
        return model

    monkeypatch.setattr("app.server.knowledge.connect", connect)
    base = await make(api)
    await api.post(f"{BASES}/{base}/documents", HOURS)
    answer = await api.post(f"{BASES}/{base}/query", {"question": "When do you open?"})

    assert answer.json == {"answer": "At nine.", "sources": ["Opening hours"], "by": "model"}
    assert asked == ["openai:gpt-4o-mini"]


async def test_unanswered_questions_are_listed_and_dismissed(
    api: Api, cordboard: Cordboard
) -> None:
    base = await make(api)
    await default_tenant(cordboard).questions.note([base], "Do you sell bikes?")
    (question,) = (await api.get(f"{BASES}/{base}/questions")).json

    assert (question["question"], question["times"]) == ("Do you sell bikes?", 1)
    place = f"{BASES}/{base}/questions/{question['id']}"
    assert (await api.delete(place)).status == 204
    assert (await api.delete(place)).status == 404
    assert (await api.get(f"{BASES}/{base}/questions")).json == []


def default_tenant(cordboard: Cordboard) -> Tenant:
    from app.keys import STORE
    from app.organisation import DEFAULT_ORGANISATION

    return cordboard.app[STORE].tenant(DEFAULT_ORGANISATION)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"title": "x"}),
        ("DELETE", "", None),
        ("GET", "/documents", None),
        ("POST", "/documents", HOURS),
        ("GET", "/documents/{id}", None),
        ("PUT", "/documents/{id}", HOURS),
        ("DELETE", "/documents/{id}", None),
        ("POST", "/uploads", b"text"),
        ("POST", "/imports", {"url": "https://example.com"}),
        ("POST", "/query", {"question": "x"}),
        ("GET", "/questions", None),
        ("DELETE", "/questions/{id}", None),
    ],
)
async def test_a_base_that_is_not_there_is_not_found(
    api: Api, method: str, path: str, body: object
) -> None:
    headers = {"Content-Type": "text/plain"} if isinstance(body, bytes) else {}
    place = f"{BASES}/{new_id()}{path.format(id=new_id())}"

    assert (await api(method, place, body, headers=headers)).status == 404


async def test_there_are_so_many_and_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    base = await make(api)
    monkeypatch.setattr("app.store.knowledge.MOST_BASES", 1)
    monkeypatch.setattr("app.store.documents.MOST_DOCUMENTS", 0)

    assert (await api.post(BASES, {"title": "Another"})).status == 409
    refused = await api.post(f"{BASES}/{base}/documents", HOURS)
    assert (refused.status, refused.json["type"]) == (409, "urn:cordboard:problem:too-many")
