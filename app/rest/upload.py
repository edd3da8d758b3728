"""A file in the body of a request: by itself, or in the field ``file`` of a form."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import ClientConnectionError, web
from aiohttp.multipart import parse_content_disposition
from aiohttp.web import RequestPayloadError
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from app.rest.body import read_body
from app.rest.problems import Problem, invalid

__all__ = ["FORM", "UploadedFile", "read_upload"]

FORM: Final = "multipart/form-data"
SECONDS: Final = 60.0
LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file.

    Attributes:
        data: All of it.
        name: What it is called where it came from; "" if nobody says.
        media_type: What its sender takes it for; "" if nobody says.
    """

    data: bytes
    name: str = ""
    media_type: str = ""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """It is read by `read_upload`, and taken as it is."""
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As a form."""
        file = {"type": "string", "format": "binary", "description": "The file."}
        return {"type": "object", "properties": {"file": file}, "required": ["file"]}


async def read_upload(request: web.Request, largest: int) -> UploadedFile:
    """The file that a request brings.

    Args:
        request: A form with one field ``file``, or with the file as its body.
        largest: Bytes of the body.

    Raises:
        Problem: 400, 408, 413, 415 or 422.
    """
    if request.content_type.lower() == FORM:
        return await _read_form(request, largest)
    if "Content-Type" not in request.headers:
        detail = f"Say what the file is by `Content-Type`, or send it as {FORM}."
        raise Problem(415, detail, headers={"Accept": FORM})
    data = await read_body(request, largest, seconds=SECONDS)
    if not data:
        raise Problem(400, "The body is empty; send a file.", kind="malformed-body")
    _, parameters = parse_content_disposition(request.headers.get("Content-Disposition"))
    name = parameters.get("filename", "")[:LONGEST_NAME]
    return UploadedFile(data, name, request.headers["Content-Type"])


async def _read_form(request: web.Request, largest: int) -> UploadedFile:
    try:
        async with asyncio.timeout(SECONDS):
            form = await request.clone(client_max_size=largest).post()
    except TimeoutError:
        raise Problem(408, f"The body did not come within {SECONDS:g} s.") from None
    except (ValueError, RequestPayloadError) as error:
        detail = f"The form cannot be read: {' '.join(str(error).split())[:200]}."
        raise Problem(400, detail, kind="malformed-body") from None
    except (ConnectionError, ClientConnectionError):  # nobody will read this
        raise Problem(400, "The connection broke before the body was complete.") from None
    try:
        return await _file_of(form)
    finally:
        for value in form.values():
            if isinstance(value, web.FileField):
                value.file.close()


async def _file_of(form: Mapping[str, str | bytearray | bytes | web.FileField]) -> UploadedFile:
    """The one field of a form."""
    names = [name[:80] for name in form]
    if names != ["file"]:
        told = ", ".join(map(repr, names)) or "none"
        detail = f"The form must have one field, `file`; it has {told}."
        raise invalid(detail, [("file", "expected one file and nothing else in the form")])
    file = form["file"]
    if isinstance(file, web.FileField):
        data = await asyncio.to_thread(file.file.read)
        return UploadedFile(data, file.filename[:LONGEST_NAME], file.content_type)
    # Without a name of a file, a form holds it as text.
    return UploadedFile(file.encode() if isinstance(file, str) else bytes(file))
