"""Files as text: what is plain is decoded here, what needs a parser is read by another process."""

import asyncio
import codecs
import json
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

__all__ = ["KINDS", "MOST_CHARACTERS", "MOST_PAGES", "FileReader", "ReadFile", "Unreadable"]

MOST_CHARACTERS: Final = 1_000_000
MOST_PAGES: Final = 500
SECONDS: Final = 30.0
AT_ONCE: Final = 2
READER: Final = Path(__file__).with_name("reader.py")

Kind = Literal["txt", "md", "html", "pdf", "docx"]

WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS: Final[dict[str, Kind]] = {
    "text/plain": "txt",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    WORD: "docx",
}
"""Media types that are read."""

_ENDINGS: Final[dict[str, Kind]] = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
_TYPE_OF: Final[dict[Kind, str]] = {
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": WORD,
}
_UNTOLD: Final = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain"})
_EXPECTED: Final = "expected plain text, Markdown, HTML, PDF or Word (.docx)"
_ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(Exception):
    """A file cannot be taken; the message says what it is, and what to do."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file says.

    Attributes:
        title: Its own, else its name; "" where it has neither.
        text: Plain, with headings as in Markdown.
        media_type: What it was.
    """

    title: str
    text: str
    media_type: str


class FileReader:
    """Reads files, a few at once.

    Args:
        seconds: How long one may take.
        most_characters: Of text.
        most_pages: Of a PDF.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        most_characters: int = MOST_CHARACTERS,
        most_pages: int = MOST_PAGES,
    ) -> None:
        self._seconds, self._characters, self._pages = seconds, most_characters, most_pages
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, data: bytes, *, media_type: str = "", name: str = "") -> ReadFile:
        """Read a file.

        Args:
            data: All of it.
            media_type: As its sender says; a name decides where that says nothing.
            name: Of the file.

        Raises:
            Unreadable: It is none of the kinds, broken, encrypted, too large or empty.
        """
        kind = kind_of(media_type, name)
        check_beginning(kind, data)
        if kind in ("txt", "md"):
            title, text = "", self._bounded(decode(data))
        else:
            title, text = await self._parse(kind, data)
        if not text.strip():
            hint = "; a scanned PDF has to go through text recognition first" * (kind == "pdf")
            raise Unreadable(f"the file holds no text{hint}")
        stem = PurePosixPath(name.replace("\\", "/")).stem
        return ReadFile(title.strip() or stem[:200], text.strip(), _TYPE_OF[kind])

    def _bounded(self, text: str) -> str:
        if len(text) > self._characters:
            raise Unreadable(
                f"the file holds more than {self._characters:,} characters of text; split it"
            )
        return text

    async def _parse(self, kind: Kind, data: bytes) -> tuple[str, str]:
        """Have another process read it, and stop that when its time is over."""
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-B", str(READER), kind),
                *(str(self._characters), str(self._pages)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
            )
            try:
                async with asyncio.timeout(self._seconds):
                    written, complaint = await process.communicate(data)
            except TimeoutError:
                raise Unreadable(
                    f"the file takes more than {self._seconds:g} s to read; split it"
                ) from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise Unreadable(_reason(process.returncode, complaint))
        answer = json.loads(written)
        if "problem" in answer:
            raise Unreadable(f"the file {answer['problem']}")
        return answer["title"], answer["text"]


def kind_of(media_type: str, name: str) -> Kind:
    """What a file is, by its type or by its name.

    Raises:
        Unreadable: None of the kinds that are read.
    """
    told = media_type.partition(";")[0].strip().lower()
    by_name = _ENDINGS.get(PurePosixPath(name.lower()).suffix)
    found = by_name or KINDS.get(told) if told in _UNTOLD else KINDS.get(told)
    if found is None:
        shown = f"a file of type {told[:80]!r}" if told else f"a file named {name[:80]!r}"
        raise Unreadable(f"{_EXPECTED}, came {shown}")
    return found


def check_beginning(kind: Kind, data: bytes) -> None:
    """Refuse a file that is not what it is said to be.

    Raises:
        Unreadable: Its first bytes are those of something else.
    """
    is_pdf = b"%PDF-" in data[:1024]
    if data.startswith(_OLD_OFFICE):
        raise Unreadable("the file is a document of an old Office; save it as .docx or PDF")
    if kind == "pdf" and not is_pdf:
        raise Unreadable("the file is said to be a PDF, but does not begin as one (%PDF-)")
    if kind == "docx" and not data.startswith(_ZIP):
        raise Unreadable("the file is said to be a Word document (.docx), but is no archive")
    if kind in ("txt", "md", "html") and (data.startswith((_ZIP, b"%PDF-")) or _is_binary(data)):
        raise Unreadable(f"the file is said to be text, but holds bytes that are none; {_EXPECTED}")


def _is_binary(data: bytes) -> bool:
    return b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def decode(data: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark, or in what Windows wrote before."""
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return text.replace("\0", "")


def _reason(code: int, complaint: bytes) -> str:
    """Why the process that read a file ended as it did."""
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    if code < 0:
        return "the file takes more time or memory to read than it may; split it"
    if last.startswith("MemoryError"):
        return "the file takes more memory to read than it may; split it"
    return f"the file is broken ({last.partition(':')[0][:80] or f'code {code}'})"
