"""``cordboard models``: the vendors of models, and what a credential is good for."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from app.llm import ErrorKind, Keys, ModelError, close_clients, connect
from app.llm.running import VendorModel
from app.llm.vendor import ModelFacts, Vendor
from app.llm.vendors import VENDORS

GOOD, BAD, USAGE = 0, 1, 2
"""Exit codes."""

_VERDICTS: dict[ErrorKind, str] = {
    "auth": "the credential is refused",
    "connection": "not reached, so nothing is known of the credential",
    "timeout": "no answer in time, so nothing is known of the credential",
    "rate_limit": "too many requests just now; try again later",
}
_NO_VERDICT = "the vendor could not be asked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "vendor",
        nargs="?",
        default="",
        metavar="VENDOR",
        help="test its credential and list what it may use; without it, list the vendors",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, and nothing else")
    parser.epilog = "Credentials are those of CORDBOARD_LLM_KEYS: docs/settings.md."


def run(args: argparse.Namespace, keys: Keys, *, out: TextIO | None = None) -> int:
    """List vendors, or the models of one; return the exit code.

    Args:
        args: What a parser with `add_arguments` read.
        keys: Credentials by vendor.
        out: Where to write; standard output if None.
    """
    out = out or sys.stdout
    if not args.vendor:
        _tell_vendors(keys, out, as_json=args.json)
        return GOOD
    try:
        model = connect(args.vendor, keys=keys)
    except ModelError as error:
        sys.stderr.write(f"models: {error}\n")
        return USAGE
    if not isinstance(model, VendorModel):
        out.write("offline   needs no credential, and is a model of its own\n")
        return GOOD
    return asyncio.run(_tell_models(model, out, as_json=args.json))


def _tell_vendors(keys: Keys, out: TextIO, *, as_json: bool) -> None:
    rows = [_row(vendor, has_key=bool(keys.get(vendor.id))) for vendor in VENDORS.values()]
    if as_json:
        out.write(json.dumps(rows) + "\n")
        return
    table = [("VENDOR", "KEY", "CREDENTIAL", "SUCH AS")]
    table += [
        (
            row["vendor"],
            "yes" if row["has_key"] else "no",
            " or ".join(", ".join(fields) for fields in row["credential"]),
            row["models"][0] if row["models"] else "the name of a deployment",
        )
        for row in rows
    ]
    out.write("".join(f"{line}\n" for line in _aligned(table)))


def _row(vendor: Vendor, *, has_key: bool) -> dict[str, Any]:
    return {
        "vendor": vendor.id,
        "name": vendor.name,
        "has_key": has_key,
        "credential": [list(form.required) for form in vendor.auth],
        "models": [model.id for model in vendor.models],
    }


async def _tell_models(model: VendorModel, out: TextIO, *, as_json: bool) -> int:
    """Test the credential first: a list may be known without it."""
    vendor, models, problem = model.target.vendor.id, [], None
    try:
        await model.test_credential()
        models = await model.list_models()
    except ModelError as error:
        problem = error
    finally:
        await close_clients()
    verdict = _VERDICTS.get(problem.kind, _NO_VERDICT) if problem else "the credential is good"
    if as_json:
        told = {"vendor": vendor, "good": problem is None, "verdict": verdict}
        listed = {"models": [_facts(each) for each in models]}
        failed = {"kind": problem.kind, "message": str(problem)} if problem else None
        out.write(json.dumps(told | listed | {"error": failed}) + "\n")
    else:
        out.write(f"{vendor}: {verdict}" + (f" ({problem})" if problem else "") + "\n")
        table = [(each.id, _abilities(each)) for each in models]
        out.write("".join(f"  {line}\n" for line in _aligned(table)))
    return BAD if problem else GOOD


def _facts(model: ModelFacts) -> dict[str, Any]:
    return {
        "id": model.id,
        "streaming": model.streaming,
        "tools": model.tools,
        "vision": model.vision,
        "system_prompt": model.system_prompt,
        "context_tokens": model.context_tokens,
    }


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
