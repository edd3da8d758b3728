"""The documentation, as tools and resources: list, search, read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.mcp_server.offer import Asked, Json, Offer, read_arguments
from app.rest import Problem

__all__ = ["DOC_TOOLS", "URI", "Page", "find_page", "read_pages"]

URI: Final = "cordboard://docs/"
PACKAGE: Final = Path(__file__).parent.parent
MOST: Final = 20
LONGEST_EXCERPT: Final = 600


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its name, such as `rest` or `decisions/0001-frozen-shape`, and its Markdown."""

    name: str
    text: str

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.text.partition("\n")[0].strip("# ") or self.name

    @property
    def uri(self) -> str:
        """Its address as a resource."""
        return URI + self.name

    def sections(self) -> Iterator[tuple[str, str]]:
        """Its sections, as (heading, text)."""
        for section in re.split(r"^(?=#{1,3} )", self.text, flags=re.MULTILINE):
            heading, _, text = section.partition("\n")
            if section.strip():
                yield heading.strip("# "), text.strip()


@cache
def read_pages(package: Path = PACKAGE) -> dict[str, Page]:
    """All pages, by name; none where the package was installed without them."""
    inside, outside = package / "docs", package.parent / "docs"
    folder = inside if inside.is_dir() else outside
    readme = (inside if inside.is_dir() else package.parent) / "README.md"
    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in find(folder)}
    if folder.is_dir() and readme.is_file():
        files = {"README": readme, **files}
    return {name: Page(name, path.read_text(encoding="utf-8")) for name, path in files.items()}


def find(folder: Path) -> list[Path]:
    """The Markdown files of a folder."""
    return sorted(folder.rglob("*.md")) if folder.is_dir() else []


def known_pages() -> dict[str, Page]:
    """The pages.

    Raises:
        Problem: 404: there are none.
    """
    pages = read_pages()
    if not pages:
        raise Problem(404, "This installation came without its documentation.")
    return pages


def find_page(name: str) -> Page:
    """The page of that name.

    Raises:
        Problem: 404, which lists the names that there are.
    """
    pages = known_pages()
    page = pages.get(name.removeprefix(URI).removeprefix("docs/").removesuffix(".md"))
    if page is None:
        raise Problem(404, f"There is no page {name[:100]!r}; there are {', '.join(pages)}.")
    return page


class Nothing(BaseModel):
    """No arguments."""

    model_config = ConfigDict(extra="forbid")


class Search(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(min_length=1, max_length=200, description="A few words.")]
    limit: Annotated[int, Field(ge=1, le=MOST, description="Sections at most.")] = 8


class Which(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[str, Field(max_length=200, description="Its name, from `list_docs`.")]


class Listed(BaseModel):
    """A page in the list."""

    page: str
    title: str


class Contents(BaseModel):
    """All pages."""

    pages: list[Listed]


class Found(BaseModel):
    """A section that was found."""

    page: str
    section: str
    excerpt: str


class Results(BaseModel):
    """The best sections first."""

    found: list[Found]


class Read(BaseModel):
    """A page."""

    page: str
    text: Annotated[str, Field(description="Markdown.")]


async def list_docs(_asked: Asked, arguments: Json) -> Json:
    """Names and titles."""
    read_arguments(Nothing, arguments)
    return {"pages": [{"page": one.name, "title": one.title} for one in known_pages().values()]}


async def search_docs(_asked: Asked, arguments: Json) -> Json:
    """The sections that hold most of the words."""
    order: Search = read_arguments(Search, arguments)
    wanted = set(re.findall(r"\w+", order.query.lower()))
    scored = [
        (score(wanted, heading, text), page.name, heading, text)
        for page in known_pages().values()
        for heading, text in page.sections()
    ]
    best = sorted((one for one in scored if one[0] > 0), key=lambda one: -one[0])[: order.limit]
    return {
        "found": [
            {"page": name, "section": heading, "excerpt": excerpt(text, wanted)}
            for _, name, heading, text in best
        ]
    }


def score(wanted: set[str], heading: str, text: str) -> float:
    """How well a section fits: each word counts once, more in the heading, then how often."""
    title, lower = heading.lower(), text.lower()
    words = [word for word in wanted if word in title or word in lower]
    often = sum(min(lower.count(word), 9) for word in words)
    return 10 * len(words) + 5 * sum(word in title for word in words) + often if words else 0


def excerpt(text: str, wanted: set[str]) -> str:
    """The part of a section around the first of the words."""
    lower = text.lower()
    at = min((lower.find(word) for word in wanted if word in lower), default=0)
    begin = max(0, text.rfind("\n", 0, max(0, at - 80)) + 1)
    return text[begin : begin + LONGEST_EXCERPT]


async def read_doc(_asked: Asked, arguments: Json) -> Json:
    """One page."""
    page = find_page(read_arguments(Which, arguments).page)
    return {"page": page.name, "text": page.text}


def schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model."""
    return kind.model_json_schema()


DOC_TOOLS: Final = (
    Offer(
        "list_docs",
        "List the documentation",
        "List the pages of Cordboard's documentation: how to write applications, agents, tools and "
        "tests, the REST API, settings, the wire protocol.",
        schema(Nothing),
        schema(Contents),
        list_docs,
        needs="signed in",
    ),
    Offer(
        "search_docs",
        "Search the documentation",
        "Find the sections of the documentation that hold some words.",
        schema(Search),
        schema(Results),
        search_docs,
        needs="signed in",
    ),
    Offer(
        "read_doc",
        "Read the documentation",
        "Read one page of the documentation, as Markdown.",
        schema(Which),
        schema(Read),
        read_doc,
        needs="signed in",
    ),
)
