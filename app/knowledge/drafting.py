"""A text as a document that can be kept: cut into passages, and of a bearable size."""

import asyncio
from typing import Final

from app.knowledge.files import MOST_CHARACTERS, Unreadable
from app.knowledge.splitting import split
from app.store.documents import DocumentDraft

__all__ = ["draft_document"]

MOST_PASSAGES: Final = 5000
LONGEST_TITLE: Final = 200


async def draft_document(
    title: str,
    text: str,
    *,
    description: str = "",
    media_type: str = "text/plain",
    source: str = "",
) -> DocumentDraft:
    """A document to be added to a base.

    Args:
        title: What it is known by.
        text: Plain or Markdown.
        description: For people.
        media_type: What it was before it was text.
        source: Where it came from.

    Raises:
        Unreadable: It is too long, or in too many parts.
    """
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(f"the text has more than {MOST_CHARACTERS:,} characters; split it")
    passages = await asyncio.to_thread(split, text)
    if len(passages) > MOST_PASSAGES:
        raise Unreadable(
            f"the text has {len(passages):,} sections, and at most {MOST_PASSAGES:,} are kept; "
            "split it"
        )
    return DocumentDraft(
        title.strip()[:LONGEST_TITLE] or "Untitled",
        text,
        passages,
        description=description,
        media_type=media_type,
        source=source,
    )
