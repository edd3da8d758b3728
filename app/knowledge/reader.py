"""Reads one file in a process of its own, which may use so much memory and time and no more.

Run by its path, not imported: it takes the file on its standard input and gives JSON on its
standard output, ``{"text", "title"}`` or ``{"problem"}``. It loads nothing else of ours, so that it
starts in a moment and holds no secret. A file that is meant to do harm can only end this process.
"""

import io
import json
import logging
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bs4 import Tag

__all__: list[str] = []

MEMORY: Final = 1024 * 1024 * 1024
SECONDS: Final = 20
LARGEST_UNPACKED: Final = 64 * 1024 * 1024
MOST_PARTS: Final = 5000

BREAK: Final = "\x1e"
"""Stands for the end of a paragraph until the blanks of the source are gone."""

Found = tuple[str, Iterable[str]]
"""A title, and the text in pieces."""


class Problem(Exception):
    """Why the file cannot be read, for whoever sent it."""


def main(kind: str, most_characters: int, most_pages: int) -> dict[str, str]:
    """Read standard input."""
    data = sys.stdin.buffer.read()
    try:
        title, pieces = READERS[kind](data, most_pages)
        text = "".join(bounded(pieces, most_characters))
    except Problem as problem:
        return {"problem": str(problem)}
    return {"title": " ".join(title.split())[:200], "text": text}


def bounded(pieces: Iterable[str], most: int) -> Iterator[str]:
    """The pieces, as long as they are not too many."""
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > most:
            raise Problem(f"holds more than {most:,} characters of text; split it")
        # A lone surrogate is no text that anybody could send on.
        yield piece.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def read_pdf(data: bytes, most_pages: int) -> Found:
    """The text of every page."""
    from pypdf import PdfReader  # noqa: PLC0415
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    logging.disable()
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Problem("is encrypted; save it without a password")
        count = len(reader.pages)
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Problem(f"is no PDF that can be read: {error}") from None
    if count > most_pages:
        raise Problem(f"has {count} pages; at most {most_pages} are read, so split it")

    def pages() -> Iterator[str]:
        for number, page in enumerate(reader.pages, 1):
            try:
                text = page.extract_text()
            except (PyPdfError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise Problem(f"is broken on page {number}: {error}") from None
            yield re.sub(r"(\w)-\n(\w)", r"\1\2", text) + "\n\n"

    return title, pages()


def read_docx(data: bytes, _most_pages: int) -> Found:
    """Paragraphs and tables in their order; headings as in Markdown."""
    check_zip(data)
    from docx import Document  # noqa: PLC0415
    from docx.opc.exceptions import OpcError  # noqa: PLC0415
    from docx.table import Table  # noqa: PLC0415

    try:
        document = Document(io.BytesIO(data))
        title = document.core_properties.title or ""
    except (OpcError, SyntaxError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Problem(f"is no Word document that can be read: {error}") from None

    def parts() -> Iterator[str]:
        for part in document.iter_inner_content():
            if isinstance(part, Table):
                rows = (" | ".join(cell.text.strip() for cell in row.cells) for row in part.rows)
                yield "\n".join(" ".join(row.split()) for row in rows) + "\n\n"
                continue
            style = (part.style and part.style.name) or ""
            level = re.fullmatch(r"Heading ([1-6])", style)
            mark = "# " if style == "Title" else "#" * int(level[1]) + " " if level else ""
            yield f"{mark}{part.text}\n\n"

    return title, parts()


def check_zip(data: bytes) -> None:
    """Look at what an archive says of itself before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Problem(f"is no Word document (.docx): {error}") from None
    if "word/document.xml" not in {part.filename for part in parts}:
        raise Problem("is an archive, but no Word document (.docx)")
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > LARGEST_UNPACKED:
        most = LARGEST_UNPACKED // 1024 // 1024
        raise Problem(f"unpacks to {unpacked:,} bytes in {len(parts)} parts; {most} MiB are read")


_BLOCKS: Final = """
address article aside blockquote body br dd div dl dt fieldset figure figcaption form header hr li
main ol p pre section table tbody thead tr ul h1 h2 h3 h4 h5 h6
"""
_UNSAID: Final = "footer head iframe nav noscript script style svg template"
BLOCKS: Final = frozenset(_BLOCKS.split())
UNSAID: Final = frozenset(_UNSAID.split())


def read_html(data: bytes, _most_pages: int) -> Found:
    """What a reader of the page sees; headings as in Markdown."""
    from bs4 import BeautifulSoup  # noqa: PLC0415

    page = BeautifulSoup(data, "lxml")
    title = page.title.get_text() if page.title else ""
    told = (" ".join(line.split()) for line in "".join(seen(page)).split(BREAK))
    return title, (f"{line}\n\n" for line in told if line.strip("# "))


def seen(page: "Tag") -> Iterator[str]:
    """The text of a page in pieces, without recursion: a page may be nested without end."""
    from bs4.element import NavigableString, Tag  # noqa: PLC0415

    open_tags = [(page, iter(page.contents))]
    while open_tags:
        tag, inside = open_tags[-1]
        child = next(inside, None)
        if child is None:
            open_tags.pop()
            yield BREAK if tag.name in BLOCKS else " " if tag.name in ("td", "th") else ""
        elif isinstance(child, Tag) and child.name not in UNSAID:
            yield BREAK if child.name in BLOCKS else ""
            yield "#" * int(child.name[1]) + " " if re.fullmatch("h[1-6]", child.name) else ""
            open_tags.append((child, iter(child.contents)))
        elif type(child) is NavigableString:  # a comment is a kind of it
            yield child.replace(BREAK, " ")


READERS: Final[dict[str, Callable[[bytes, int], Found]]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "html": read_html,
}


def limit() -> None:
    """Bound what this process may take, where the system knows how."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows: the clock of who started us is all there is
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    limit()
    answer = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(json.dumps(answer).encode())
