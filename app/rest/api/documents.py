"""Documents of knowledge bases: written, uploaded, or fetched from the web."""

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from aiohttp import web

from app.keys import FILE_READER, OUTWARD
from app.knowledge import ReadFile, Unreadable
from app.knowledge.drafting import draft_document
from app.outward import OutwardError
from app.outward import Reply as WebReply
from app.rest.api.conditional import NOT_MODIFIED, Known, digest, fresh
from app.rest.api.knowledge import NO_BASE, READ, WRITE, full, no_base, require_base
from app.rest.api.knowledge_models import (
    BasePath,
    DocumentBody,
    DocumentListed,
    DocumentPath,
    DocumentView,
    ImportBody,
    UploadQuery,
)
from app.rest.operation import Answer, Reply, operation
from app.rest.problems import Problem, invalid
from app.rest.tenant import tenant_of
from app.rest.upload import FORM, UploadedFile
from app.store.documents import DocumentDraft
from app.store.knowledge import TooMany

__all__ = ["LARGEST_FILE", "OPERATIONS"]

ALL: Final = "/api/knowledge-bases/{knowledge_id}/documents"
ONE: Final = f"{ALL}/{{document_id}}"
LARGEST_TEXT: Final = 6 * 1024 * 1024
LARGEST_FILE: Final = 10 * 1024 * 1024
FETCH_WITHIN: Final = 20.0
REDIRECTS: Final = 5
TEXTS: Final = frozenset({"text/plain", "text/markdown", "text/html", "application/xhtml+xml"})
NO_DOCUMENT: Final = {404: "No such document, or no such base."}
ADDED: Final = {201: Answer("Added; `Location` leads to it.", DocumentView)}
ADDING: Final = NO_BASE | {409: "The base holds as many documents as it may."}


@operation(
    "GET",
    ALL,
    needs=READ,
    answers={200: Answer("The oldest first, without their text.", list[DocumentListed])},
    problems=NO_BASE,
)
async def list_documents(request: web.Request, path: BasePath) -> list[DocumentListed]:
    """List the documents of a knowledge base."""
    await require_base(request, path.knowledge_id)
    found = await tenant_of(request).documents.list(path.knowledge_id)
    return [DocumentListed.model_validate(document) for document in found]


@operation("POST", ALL, needs=WRITE, answers=ADDED, problems=ADDING, largest=LARGEST_TEXT)
async def create_document(request: web.Request, path: BasePath, body: DocumentBody) -> Reply:
    """Add a document that is text."""
    return await _add(request, path.knowledge_id, await _draft(body))


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("The document.", DocumentView), 304: Answer(NOT_MODIFIED)},
    problems=NO_DOCUMENT,
)
async def get_document(
    request: web.Request, path: DocumentPath, headers: Known
) -> Reply | web.Response:
    """Show a document with its text."""
    found = await tenant_of(request).documents.get(path.knowledge_id, path.document_id)
    if found is None:
        raise _no_document(path)
    return fresh(headers, DocumentView.model_validate(found), digest(found.id, found.updated_at))


@operation(
    "PUT",
    ONE,
    needs=WRITE,
    answers={200: Answer("As it is now.", DocumentView)},
    problems=NO_DOCUMENT,
    largest=LARGEST_TEXT,
)
async def replace_document(
    request: web.Request, path: DocumentPath, body: DocumentBody
) -> DocumentView:
    """Replace a document; the next question of a call is answered from what is sent."""
    documents = tenant_of(request).documents
    found = await documents.replace(path.knowledge_id, path.document_id, await _draft(body))
    if found is None:
        raise _no_document(path)
    return DocumentView.model_validate(found)


@operation("DELETE", ONE, needs=WRITE, answers={204: Answer("It is gone.")}, problems=NO_DOCUMENT)
async def delete_document(request: web.Request, path: DocumentPath) -> web.Response:
    """Delete a document."""
    if not await tenant_of(request).documents.delete(path.knowledge_id, path.document_id):
        raise _no_document(path)
    return web.Response(status=204)


@operation(
    "POST",
    "/api/knowledge-bases/{knowledge_id}/uploads",
    needs=WRITE,
    answers=ADDED,
    problems=ADDING | {422: "The file cannot be taken; `detail` says why."},
    takes=FORM,
    largest=LARGEST_FILE,
)
async def upload_document(
    request: web.Request, path: BasePath, query: UploadQuery, body: UploadedFile
) -> Reply:
    """Add a document that is a file: plain text, Markdown, HTML, PDF or Word (.docx).

    Of 10 MiB, 500 pages and a million characters at most. Sent as a form with the field `file`; or
    as the body itself, with its own `Content-Type`, and its name in `Content-Disposition`.
    """
    await require_base(request, path.knowledge_id)
    read = await _read(request, body, "file")
    draft = await _draft_file(read, query, body.name, "file")
    return await _add(request, path.knowledge_id, draft)


@operation(
    "POST",
    "/api/knowledge-bases/{knowledge_id}/imports",
    needs=WRITE,
    answers=ADDED,
    problems=ADDING | {422: "The address cannot be read; `detail` says why."},
)
async def import_document(request: web.Request, path: BasePath, body: ImportBody) -> Reply:
    """Add a document from the web: a page, or a file of the kinds that can be uploaded.

    It is read once. Addresses of private networks are refused, unless the server allows them.
    """
    await require_base(request, path.knowledge_id)
    fetched = await _fetch(request, body.url)
    read = await _read(request, fetched, "url")
    draft = await _draft_file(read, body, body.url, "url")
    return await _add(request, path.knowledge_id, draft)


async def _fetch(request: web.Request, url: str) -> UploadedFile:
    try:
        reply = await request.app[OUTWARD].get(
            url, within=FETCH_WITHIN, limit=LARGEST_FILE, redirects=REDIRECTS
        )
    except OutwardError as error:
        raise _unreadable(str(error), "url") from None
    if not reply.is_fine:
        raise _unreadable(f"the address answered with HTTP {reply.status}", "url")
    name = PurePosixPath(unquote(urlsplit(reply.url or url).path)).name
    return UploadedFile(_in_utf8(reply), name, reply.content_type)


def _in_utf8(reply: WebReply) -> bytes:
    """A text with the mark of UTF-8 where the web says what it is in: it knows best."""
    if reply.charset and reply.content_type in TEXTS:
        return b"\xef\xbb\xbf" + reply.text.removeprefix("\ufeff").encode()
    return reply.body


async def _read(request: web.Request, file: UploadedFile, field: str) -> ReadFile:
    try:
        return await request.app[FILE_READER].read(
            file.data, media_type=file.media_type, name=file.name
        )
    except Unreadable as error:
        raise _unreadable(str(error), field) from None


async def _draft_file(
    read: ReadFile, named: UploadQuery | ImportBody, source: str, field: str
) -> DocumentDraft:
    try:
        return await draft_document(
            named.title or read.title,
            read.text,
            description=named.description,
            media_type=read.media_type,
            source=source,
        )
    except Unreadable as error:
        raise _unreadable(str(error), field) from None


async def _draft(body: DocumentBody) -> DocumentDraft:
    try:
        return await draft_document(
            body.title,
            body.content,
            description=body.description,
            media_type=body.media_type,
            source=body.source,
        )
    except Unreadable as error:
        raise _unreadable(str(error), "content") from None


async def _add(request: web.Request, knowledge_id: str, draft: DocumentDraft) -> Reply:
    try:
        document = await tenant_of(request).documents.add(knowledge_id, draft)
    except TooMany as error:
        raise full(error) from None
    if document is None:
        raise no_base(knowledge_id)
    place = ONE.format(knowledge_id=knowledge_id, document_id=document.id)
    return Reply(DocumentView.model_validate(document), {"Location": place})


def _unreadable(reason: str, field: str) -> Problem:
    sentence = f"{reason[:1].upper()}{reason[1:]}."
    return invalid(sentence, [(field, reason)])


def _no_document(path: DocumentPath) -> Problem:
    return Problem(404, f"There is no document {path.document_id!r} in this knowledge base.")


OPERATIONS: Final = (
    list_documents,
    create_document,
    get_document,
    replace_document,
    delete_document,
    upload_document,
    import_document,
)
