"""``cordboard models``: the vendors of models, and what a credential is good for."""

import argparse
import asyncio
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TextIO

from app.llm import ChatModel, ErrorKind, Keys, ModelError, close_clients, connect
from app.llm.auth import read_auth
from app.llm.connecting import OFFLINE, find
from app.llm.running import VendorModel
from app.llm.vendor import ModelFacts, Vendor
from app.llm.vendors import VENDORS

GOOD, BAD, USAGE = 0, 1, 2
"""Exit codes: all is well, the vendor says no or nothing, there is nothing to ask with."""

Verdict = Literal[
    "good",
    "wrong_key",
    "not_allowed",
    "no_credit",
    "unreachable",
    "busy",
    "failed",
    "no_credential",
    "incomplete",
    "unknown_vendor",
]

_SAID: dict[Verdict, str] = {
    "good": "the credential is good",
    "wrong_key": "the credential is refused",
    "not_allowed": "the credential is known, but may not do this",
    "no_credit": "the account has no credit",
    "unreachable": "not reached, so nothing is known of the credential",
    "busy": "too many requests just now; try again later",
    "failed": "the vendor could not be asked",
    "no_credential": "no credential is set",
    "incomplete": "the credential is incomplete",
    "unknown_vendor": "no such vendor",
}
_OF_KIND: dict[ErrorKind, Verdict] = {
    "connection": "unreachable",
    "timeout": "unreachable",
    "rate_limit": "busy",
}
_UNKNOWN_TO_AWS = re.compile("UnrecognizedClient|Signature|ExpiredToken|API Key is valid")
"""What tells a wrong key from one that may not do this, where both are a 403."""

_UNASKED = ("no_credential", "incomplete", "unknown_vendor")


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a vendor's credential, and of the model that was asked for.

    Attributes:
        vendor: The vendor's id, or what stood in its place.
        verdict: One word for it.
        message: What to do about it, or the vendor's own words.
        models: What the credential may use.
        model: The model that was asked for.
        is_listed: Whether it is one of those; None where that is not known.
    """

    vendor: str
    verdict: Verdict
    message: str = ""
    models: Sequence[ModelFacts] = field(default=())
    model: str = ""
    is_listed: bool | None = None

    @property
    def code(self) -> int:
        """The exit code."""
        if self.verdict in _UNASKED:
            return USAGE
        return GOOD if self.verdict == "good" and self.is_listed is not False else BAD


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "vendor",
        nargs="?",
        default="",
        metavar="VENDOR[:MODEL]",
        help="test its credential and list what it may use; without it, list the vendors",
    )
    parser.add_argument("--json", action="store_true", help="JSON, and nothing else")
    parser.epilog = "Credentials are those of CORDBOARD_LLM_KEYS: docs/models.md."


def run(
    args: argparse.Namespace,
    keys: Keys,
    *,
    out: TextIO | None = None,
    connect: Callable[..., ChatModel] = connect,
) -> int:
    """List vendors, or the models of one; return the exit code.

    Args:
        args: What a parser with `add_arguments` read.
        keys: Credentials by vendor.
        out: Where to write; standard output if None.
        connect: Makes a model of its name and `keys`.
    """
    out = out or sys.stdout
    if not args.vendor:
        _write_vendors([_row(vendor, keys) for vendor in VENDORS.values()], out, args)
        return GOOD
    if args.vendor.partition(":")[0].lower() == OFFLINE:
        told = Told(OFFLINE, "good", "it needs none, and is a model of its own")
    else:
        told = _ask(args.vendor, keys, connect)
    _write(told, out, as_json=args.json)
    return told.code


def _row(vendor: Vendor, keys: Keys) -> dict[str, Any]:
    return {
        "vendor": vendor.id,
        "name": vendor.name,
        "key": _state_of(vendor, keys),
        "credential": [list(form.required) for form in vendor.auth],
        "models": [model.id for model in vendor.models],
    }


def _state_of(vendor: Vendor, keys: Keys) -> str:
    given = keys.get(vendor.id)
    if not given:
        return "no"
    try:
        read_auth(vendor.id, vendor.auth, given)
    except ModelError:
        return "incomplete"
    return "yes"


def _write_vendors(rows: list[dict[str, Any]], out: TextIO, args: argparse.Namespace) -> None:
    if args.json:
        out.write(json.dumps(rows) + "\n")
        return
    table = [("VENDOR", "NAME", "KEY", "CREDENTIAL", "SUCH AS")]
    for row in rows:
        fields = " or ".join(", ".join(names) for names in row["credential"])
        table.append((row["vendor"], row["name"], row["key"], fields, row["models"][0]))
    out.write("".join(f"{line}\n" for line in _aligned(table)))


def _ask(spec: str, keys: Keys, connect: Callable[..., ChatModel]) -> Told:
    """Find out whether there is something to ask with, and ask."""
    id_, _, wanted = spec.partition(":")
    try:
        vendor = find(id_, spec)
    except ModelError as error:
        return Told(id_, "unknown_vendor", str(error))
    if not keys.get(vendor.id):
        return Told(vendor.id, "no_credential", _how_to_set(vendor))
    try:
        model = connect(spec, keys=keys)
    except ModelError as error:
        return Told(vendor.id, "incomplete", str(error))
    assert isinstance(model, VendorModel)
    return asyncio.run(_test(model, wanted))


def _how_to_set(vendor: Vendor) -> str:
    given = [{vendor.id: dict.fromkeys(form.required, "…")} for form in vendor.auth]
    written = [json.dumps(each, ensure_ascii=False) for each in given]
    return "set CORDBOARD_LLM_KEYS=" + " or ".join(f"'{each}'" for each in written)


async def _test(model: VendorModel, wanted: str) -> Told:
    """Test the credential first: a list may be known without it."""
    vendor = model.target.vendor
    try:
        await model.test_credential()
        models = await model.list_models()
    except ModelError as error:
        return Told(vendor.id, _verdict(error), str(error), model=wanted)
    finally:
        await close_clients()
    is_told = getattr(vendor.quirks.get("wire"), "lists_models", True)
    note = "" if is_told else f"{vendor.name} lists no models; known by name are these"
    if not (wanted and is_told):
        return Told(vendor.id, "good", note, models, wanted)
    ids = [each.id for each in models]
    is_listed = any(_is_same(wanted, id_) for id_ in ids)
    note = "" if is_listed else _not_listed(wanted, ids)
    return Told(vendor.id, "good", note, models, wanted, is_listed)


def _verdict(error: ModelError) -> Verdict:
    if error.kind != "auth":
        return _OF_KIND.get(error.kind, "failed")
    if error.status in (402, 429):
        return "no_credit"
    is_unknown = error.status != 403 or _UNKNOWN_TO_AWS.search(str(error))
    return "wrong_key" if is_unknown else "not_allowed"


def _is_same(wanted: str, listed: str) -> bool:
    """Whether a listed model is meant.

    Bedrock takes a region before the name, Hugging Face takes a provider behind it, and Anthropic
    takes its names without their dates.
    """
    names = (wanted, wanted.partition(".")[2], wanted.partition(":")[0])
    return listed in names or bool(re.fullmatch(rf"{re.escape(wanted)}-\d{{8}}", listed))


def _not_listed(wanted: str, ids: Iterable[str]) -> str:
    close = difflib.get_close_matches(wanted, list(ids), 1)
    return f"{wanted!r} is not listed" + (f"; did you mean {close[0]!r}?" if close else "")


def _write(told: Told, out: TextIO, *, as_json: bool) -> None:
    if as_json:
        listed = {"models": [asdict(each) for each in told.models]}
        out.write(json.dumps(asdict(told) | listed, ensure_ascii=False) + "\n")
        return
    line = f"{told.vendor}: {_SAID[told.verdict]}"
    if told.is_listed:
        line += f", and {told.model!r} is listed"
    out.write(line + (f" ({told.message})" if told.message else "") + "\n")
    table = [(each.id, _abilities(each)) for each in told.models]
    out.write("".join(f"  {row}\n" for row in _aligned(table)))


def _abilities(model: ModelFacts) -> str:
    able = ["tools" if model.tools else "no tools"]
    able += ["vision"] if model.vision else []
    able += [] if model.streaming else ["does not stream"]
    able += [f"{model.context_tokens:,} tokens"] if model.context_tokens else []
    return ", ".join(able)


def _aligned(table: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
