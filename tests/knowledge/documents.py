"""Real files for tests, made here: good ones, and such as are meant to do harm."""

import io
import zipfile
import zlib

from docx import Document
from pypdf import PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf(*pages: str, title: str = "", password: str = "") -> bytes:
    """A PDF with a line of text on each page."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(width=300, height=300)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(title: str = "") -> bytes:
    """A Word document with headings, a paragraph and a table."""
    document = Document()
    document.core_properties.title = title
    document.add_heading("Opening hours", level=1)
    document.add_paragraph("We open at nine and close at five.")
    document.add_heading("Holidays", level=2)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "Christmas"
    table.rows[0].cells[1].text = "closed"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zip_bomb(megabytes: int = 200) -> bytes:
    """A small Word document whose text unpacks to very much."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as part,
    ):
        for _ in range(megabytes):
            part.write(b"A" * 1024 * 1024)
    return out.getvalue()


def archive(**parts: str) -> bytes:
    """A zip that is no Word document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def entity_bomb() -> bytes:
    """A Word document whose XML names a text of a billion characters."""
    entities = "".join(
        f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10)
    )
    xml = f'<!DOCTYPE d [<!ENTITY e0 "lol">{entities}]><document>&e9;</document>'
    good, out = docx(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            is_text = item.filename == "word/document.xml"
            target.writestr(item.filename, xml if is_text else source.read(item.filename))
    return out.getvalue()


def pdf_bomb(megabytes: int = 300) -> bytes:
    """A small PDF whose page unpacks to very much."""
    packer = zlib.compressobj(9)
    lines = b"BT (a) Tj ET\n" * 80_000
    packed = b"".join(packer.compress(lines) for _ in range(megabytes)) + packer.flush()
    writer = PdfWriter()
    page = writer.add_blank_page(width=300, height=300)
    stream = EncodedStreamObject()
    stream._data = packed
    stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
