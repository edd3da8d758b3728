"""Knowledge over REST: what is asked for, and what is shown."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.knowledge.files import MOST_CHARACTERS
from app.rest.api.pages import ID
from app.rest.models import Body, View
from app.store.questions import LONGEST_QUESTION

__all__ = [
    "AnswerView",
    "BaseBody",
    "BasePath",
    "BaseView",
    "DocumentBody",
    "DocumentListed",
    "DocumentPath",
    "DocumentView",
    "ImportBody",
    "QuestionBody",
    "QuestionPath",
    "QuestionView",
    "UploadQuery",
]

NO_NUL: Final = r"^[^\x00]*$"
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Description = Annotated[
    str, Field(max_length=2000, pattern=NO_NUL, description="For people; no model reads it.")
]
OwnTitle = Annotated[
    Title | None, Field(description="The document's own, or the name of the file, by default.")
]


class BasePath(BaseModel):
    """Which knowledge base."""

    knowledge_id: Annotated[str, Field(pattern=rf"^{ID}$", description="The base's id.")]


class DocumentPath(BasePath):
    """Which document of which base."""

    document_id: Annotated[str, Field(pattern=rf"^{ID}$", description="The document's id.")]


class QuestionPath(BasePath):
    """Which question of which base."""

    question_id: Annotated[str, Field(pattern=rf"^{ID}$", description="The question's id.")]


class BaseBody(Body):
    """A knowledge base: documents about one thing."""

    title: Annotated[Title, Field(description="What it is about; agents are told.")]
    description: Description = ""


class DocumentBody(Body):
    """A document, as text."""

    title: Annotated[Title, Field(description="What it is known by; agents are told.")]
    description: Description = ""
    content: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MOST_CHARACTERS,
            pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
            description="Plain text or Markdown; headings make passages that are found by name.",
        ),
    ]
    media_type: Literal["text/plain", "text/markdown"] = "text/markdown"
    source: Annotated[
        str,
        Field(max_length=2000, pattern=NO_NUL, description="Where it is from, such as a URL."),
    ] = ""


class UploadQuery(BaseModel):
    """What to call a file."""

    model_config = ConfigDict(extra="forbid")

    title: OwnTitle = None
    description: Description = ""


class ImportBody(Body):
    """A page or file of the web."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            pattern=NO_NUL,
            description="With https or http; not one of a private network.",
            examples=["https://www.example.com/opening-hours"],
        ),
    ]
    title: OwnTitle = None
    description: Description = ""


class QuestionBody(Body):
    """A question to try."""

    question: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_QUESTION, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$"),
    ]


class BaseView(View):
    """A knowledge base."""

    id: str
    title: str
    description: str
    document_count: int
    characters: Annotated[int, Field(description="How long its documents are together.")]
    agent_ids: Annotated[
        list[str], Field(description="The agents that are linked to it, as they answer calls.")
    ]
    created_at: datetime
    updated_at: Annotated[datetime, Field(description="Its documents count too.")]


class DocumentListed(View):
    """A document without its text."""

    id: str
    knowledge_id: str
    title: str
    description: str
    characters: Annotated[int, Field(description="How long its text is.")]
    media_type: Annotated[str, Field(description="What it was before it was text.")]
    source: Annotated[str, Field(description="The name of its file, or its URL.")]
    created_at: datetime
    updated_at: datetime


class DocumentView(DocumentListed):
    """A document."""

    content: str


class AnswerView(View):
    """What the documents say to a question."""

    answer: Annotated[str | None, Field(description="To be spoken; null where they do not say.")]
    sources: Annotated[list[str], Field(description="Titles of the documents that it is from.")]
    by: Annotated[
        Literal["model", "passage", "nobody"],
        Field(description="The worker model, or the best passage where there is no model."),
    ]


class QuestionView(View):
    """A question of callers that the documents did not answer."""

    id: str
    question: Annotated[str, Field(description="As it was asked last.")]
    times: Annotated[int, Field(description="How often it was asked, in these or like words.")]
    first_asked_at: datetime
    last_asked_at: datetime
