"""Files become text, or an error that says what to do; what is meant to do harm does none."""

import asyncio
import time

import pytest

from app.knowledge.files import FileReader, Unreadable
from tests.knowledge import documents
from tests.knowledge.documents import WORD


async def complaint(data: bytes, **how: str) -> str:
    with pytest.raises(Unreadable) as caught:
        await FileReader(most_characters=100_000, most_pages=3).read(data, **how)
    return str(caught.value)


async def test_a_pdf_is_read_page_by_page() -> None:
    data = documents.pdf("We open at nine.", "Parking is free.", title="Shop")
    read = await FileReader().read(data, media_type="application/pdf")

    assert (read.title, read.media_type) == ("Shop", "application/pdf")
    assert read.text == "We open at nine.\n\nParking is free."


async def test_a_word_document_keeps_its_headings_and_tables() -> None:
    read = await FileReader().read(documents.docx(title="Hours"), media_type=WORD)

    assert (read.title, read.media_type) == ("Hours", WORD)
    assert read.text == (
        "# Opening hours\n\nWe open at nine and close at five.\n\n## Holidays\n\nChristmas | closed"
    )


async def test_a_page_of_the_web_says_what_a_reader_sees() -> None:
    page = """<html><head><title>The  Shop</title><style>p {}</style></head><body>
        <nav>Home</nav><h1>Opening <em>hours</em></h1><p>We open
        at <b>nine</b>.<br>We close at five.</p><ul><li>Monday<li>Tuesday</ul>
        <!-- no --><table><tr><td>Sunday<td>closed</table><script>steal()</script></body>"""
    read = await FileReader().read(page.encode(), media_type="text/html; charset=utf-8")

    assert read.title == "The Shop"
    assert read.text.split("\n\n") == [
        "# Opening hours",
        "We open at nine.",
        "We close at five.",
        "Monday",
        "Tuesday",
        "Sunday closed",
    ]


@pytest.mark.parametrize(
    "data",
    [
        "Grüße".encode(),
        b"\xef\xbb\xbf" + "Grüße".encode(),
        "Grüße".encode("utf-16"),
        "Grüße".encode("cp1252"),
    ],
)
async def test_text_is_read_in_the_encodings_that_people_have(data: bytes) -> None:
    read = await FileReader().read(data, media_type="text/plain", name="C:\\docs\\Notes.txt")

    assert (read.title, read.text, read.media_type) == ("Notes", "Grüße", "text/plain")


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("", "a.MD", "text/markdown"),
        ("text/plain", "a.md", "text/markdown"),
        ("application/octet-stream", "a.markdown", "text/markdown"),
        ("text/markdown", "", "text/markdown"),
        ("text/plain", "", "text/plain"),
        ("application/octet-stream", "a.txt", "text/plain"),
    ],
)
async def test_the_name_decides_where_the_type_says_nothing(
    media_type: str, name: str, kind: str
) -> None:
    read = await FileReader().read(b"# Hours", media_type=media_type, name=name)

    assert read.media_type == kind


@pytest.mark.parametrize(
    ("data", "how", "expected"),
    [
        (b"x", {"name": "a.exe"}, "expected plain text, Markdown, HTML, PDF or Word"),
        (b"x", {"media_type": "image/png", "name": "a.txt"}, "of type 'image/png'"),
        (b"x", {}, "came a file named ''"),
        (b" \n", {"name": "a.txt"}, "holds no text"),
        (b"a\0b", {"name": "a.txt"}, "holds bytes that are none"),
        (b"PK\x03\x04", {"name": "a.html"}, "holds bytes that are none"),
        (b"MZ", {"name": "a.pdf"}, "does not begin as one"),
        (b"MZ", {"name": "a.docx"}, "is no archive"),
        (b"\xd0\xcf\x11\xe0", {"name": "a.docx"}, "old Office"),
        (b"x" * 100_001, {"name": "a.txt"}, "more than 100,000 characters"),
        (b"<p>" + b"x" * 100_001, {"name": "a.html"}, "more than 100,000 characters"),
        (b"%PDF-1.7 " + b"x" * 500, {"name": "a.pdf"}, "is no PDF that can be read"),
        (documents.pdf(""), {"name": "a.pdf"}, "text recognition"),
        (documents.pdf("x", password="s3cret"), {"name": "a.pdf"}, "is encrypted"),
        (documents.pdf(*"abcd"), {"name": "a.pdf"}, "has 4 pages; at most 3"),
        (documents.docx()[:9000], {"name": "a.docx"}, "is no Word document"),
        (documents.archive(a="b"), {"name": "a.docx"}, "no Word document"),
    ],
)
async def test_what_cannot_be_taken_is_told(
    data: bytes, how: dict[str, str], expected: str
) -> None:
    assert expected in await complaint(data, **how)


async def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    data = documents.zip_bomb()

    assert len(data) < 1_000_000
    assert "unpacks to 209,715,200 bytes" in await complaint(data, media_type=WORD)


async def test_xml_that_swells_is_refused() -> None:
    assert "is no Word document that can be read" in await complaint(
        documents.entity_bomb(), media_type=WORD
    )


async def test_a_pdf_that_swells_is_refused() -> None:
    assert await complaint(documents.pdf_bomb(), media_type="application/pdf")


async def test_a_file_that_takes_too_long_is_given_up_and_its_process_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def watch(*words: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await start(*words, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watch)
    reader, begun = FileReader(seconds=0.3), time.monotonic()
    with pytest.raises(Unreadable, match=r"more than 0\.3 s"):
        await reader.read(b"<div>" * 200_000, media_type="text/html")

    assert time.monotonic() - begun < 3
    assert started[0].returncode == -9


async def test_a_process_that_needs_too_much_memory_is_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = "import resource as r; r.setrlimit(r.RLIMIT_AS, (2**28, 2**28)); b'x' * 2**29"
    start = asyncio.create_subprocess_exec

    async def other(program: str, *_: str, **options: object) -> asyncio.subprocess.Process:
        return await start(program, "-c", script, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", other)

    assert "more memory" in await complaint(b"<p>", media_type="text/html")


async def test_the_process_is_given_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    start = asyncio.create_subprocess_exec

    async def watch(*words: str, **options: object) -> asyncio.subprocess.Process:
        given.append(options["env"])
        return await start(*words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watch)
    await FileReader().read(b"<p>x", media_type="text/html")

    assert given == [{}]
