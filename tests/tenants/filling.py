"""How to fill each operation and each tool with ids, so that it would do something.

What is not described here fails the tests: a new route cannot be forgotten.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

import orjson
import pytest

from app.mcp_server.offer import Offer
from app.rest import OPERATIONS, Operation
from app.rest.api import API_OPERATIONS
from tests.identity.asking import PASSWORD

Ids = Mapping[str, str]
ALL_OPERATIONS: tuple[Operation, ...] = (*OPERATIONS, *API_OPERATIONS)

UPDATE = {"type": "generate_reply", "user_input": "Hello."}
AGENT = {"name": "Front desk", "prompt": "Be kind.", "realtime_config": {"provider": "openai"}}
WEBHOOK = {"url": "https://hooks.example/calls", "events": ["call.ended"], "is_active": True}
TOOL = {"name": "find_order", "description": "Find it.", "url": "https://shop.example/orders"}
DOCUMENT = {"title": "Opening hours", "content": "We open at nine."}
AGENT_FILE = """---
name: Front desk
id: {agent_id}
realtime_config:
  provider: openai
---
Be kind.
"""
BODIES: dict[str, Callable[[Ids], Any]] = {
    "sign_in": lambda ids: {name: ids[name] for name in ("email", "password", "organisation_id")},
    "choose_organisation": lambda ids: {"organisation_id": ids["organisation_id"]},
    "change_password": lambda ids: {"current_password": PASSWORD, "new_password": PASSWORD},
    "choose_password": lambda ids: {"token": ids["password_token"], "new_password": PASSWORD},
    "invite_person": lambda ids: {"email": like("@"), "role": "viewer"},
    "change_person": lambda ids: {"role": "editor"},
    "create_key": lambda ids: {"name": "A program", "scopes": ["calls:read"]},
    "change_key": lambda ids: {"name": "Another program"},
    "create_credential": lambda ids: {
        "name": "jambonz",
        "user_name": like("user"),
        "account_sids": [],
    },
    "change_credential": lambda ids: {"name": "Another jambonz"},
    "change_organisation": lambda ids: {"retention_days": 30},
    "create_agent": lambda ids: {**AGENT, "knowledge_base_ids": [ids["knowledge_id"]]},
    "replace_agent": lambda ids: {**AGENT, "knowledge_base_ids": [ids["knowledge_id"]]},
    "import_agent": AGENT_FILE.format_map,
    "check_agent": AGENT_FILE.format_map,
    "try_lookup": lambda ids: {"phone_number": "+15085551212"},
    "create_tool": lambda ids: {**TOOL, "name": f"t{uuid.uuid4().hex}"},
    "replace_tool": lambda ids: TOOL,
    "try_tool": lambda ids: {"arguments": {}},
    "create_webhook": lambda ids: WEBHOOK,
    "replace_webhook": lambda ids: WEBHOOK,
    "create_knowledge_base": lambda ids: {"title": "Shop"},
    "replace_knowledge_base": lambda ids: {"title": "Shop"},
    "create_document": lambda ids: DOCUMENT,
    "replace_document": lambda ids: DOCUMENT,
    "upload_document": lambda ids: b"We open at nine.",
    "import_document": lambda ids: {"url": ids["page_url"]},
    "query_knowledge_base": lambda ids: {"question": "When do you open?"},
    "update_agent": lambda ids: UPDATE,
    "send_command": lambda ids: {"command": "tag", "data": {"level": "gold"}},
    "update_call": lambda ids: {"agent_update": UPDATE},
    "update_call_by_post": lambda ids: {"tag": {"level": "gold"}},
    "start_twin_call": lambda ids: {"application": ids["application"], "script": ["Hello."]},
    "take_twin_step": lambda ids: {"hang_up": True},
}
"""A body for each operation that has one."""

PLACES = {"number": "1", "other": "1"}
"""What is in a route and is nobody's."""

OTHER_IDS: dict[str, dict[str, str]] = {
    "take_twin_step": {"call_sid": "twin_call_sid"},
    "list_changes": {"noun_id": "agent_id"},
    "erase_call_records": {"number": "phone"},
}
"""Where a name in a route means another kind of thing than elsewhere."""

ARGUMENTS: dict[str, Callable[[Ids], dict[str, Any]]] = {
    "list_calls": lambda ids: {},
    "get_call": lambda ids: {"call_sid": ids["call_sid"]},
    "follow_call": lambda ids: {"call_sid": ids["call_sid"], "wait_seconds": 0.0},
    "update_instructions": lambda ids: {"call_sid": ids["call_sid"], "instructions": "Add."},
    "inject_context": lambda ids: {
        "call_sid": ids["call_sid"],
        "messages": [{"role": "system", "content": "A gold member."}],
    },
    "update_tools": lambda ids: {"call_sid": ids["call_sid"], "tools": []},
    "generate_reply": lambda ids: {"call_sid": ids["call_sid"], "user_input": "Hello."},
    "send_command": lambda ids: {
        "call_sid": ids["call_sid"], "command": "tag", "data": {"level": "gold"},
    },
    "hang_up": lambda ids: {"call_sid": ids["call_sid"]},
    "start_twin_call": lambda ids: {"application": ids["application"], "script": ["Hello."]},
    "list_docs": lambda ids: {},
    "search_docs": lambda ids: {"query": "security"},
    "read_doc": lambda ids: {"page": "security"},
}  # fmt: skip
"""Arguments for each tool of the MCP server."""


@dataclass(frozen=True)
class Filled:
    """A request that is ready to be made."""

    method: str
    path: str
    data: bytes | None = None
    content_type: str = "application/json"

    def names_any(self, ids: Ids) -> bool:
        """Whether one of these is asked about."""
        asked = unquote_plus(self.path) + (self.data or b"").decode()
        return any(value in asked for value in ids.values())

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.data is None else {"Content-Type": self.content_type}


def fill(operation: Operation, ids: Ids) -> Filled:
    """A valid request of an operation, about these ids."""
    meant = {name: ids[kind] for name, kind in OTHER_IDS.get(operation.name, {}).items()}
    ids = {**ids, **meant}
    names = re.findall(r"{(\w+)}", operation.route)
    asked = [name for name in properties(operation, "query") if name in ids or is_id(name)]
    if missing := [name for name in (*names, *asked) if name not in {**ids, **PLACES}]:
        pytest.fail(f"{operation.name}: give the parties of this test a {' and a '.join(missing)}")
    places = {name: quote(value) for name, value in {**PLACES, **ids}.items()}
    path = operation.route.format_map(places)
    if asked:
        path += "?" + urlencode({name: ids[name] for name in asked})
    if "body" not in operation.inputs:
        return Filled(operation.method, path)
    if operation.name not in BODIES:
        pytest.fail(f"{operation.name}: give this test a body for it, in tests/tenants/filling.py")
    body = BODIES[operation.name](ids)
    if isinstance(body, bytes):
        return Filled(operation.method, path, body, "text/plain")
    if isinstance(body, str):
        return Filled(operation.method, path, body.encode(), operation.takes)
    if missing := [one for one in properties(operation, "body") if is_id(one) and one not in body]:
        pytest.fail(f"{operation.name}: its body can name a {' and a '.join(missing)}")
    return Filled(operation.method, path, orjson.dumps(body))


def without_query(filled: Filled) -> Filled:
    """The same, about everything."""
    return replace(filled, path=filled.path.partition("?")[0])


@cache
def properties(operation: Operation, part: str) -> list[str]:
    """The names in a part of an operation's requests."""
    adapter = operation.inputs.get(part)
    return [] if adapter is None else [*adapter.json_schema().get("properties", {})]


def is_id(name: str) -> bool:
    """Whether a name stands for something that somebody has."""
    return name.endswith(("_id", "_ids", "_sid"))


def arguments(offer: Offer, ids: Ids) -> dict[str, Any]:
    """Valid arguments of a tool, about these ids."""
    if offer.name not in ARGUMENTS:
        pytest.fail(f"{offer.name}: give this test arguments, in tests/tenants/filling.py")
    return ARGUMENTS[offer.name](ids)


def unknown(ids: Ids) -> dict[str, str]:
    """Ids of the same kinds that nobody has."""
    return {name: like(value) for name, value in ids.items()}


def like(value: str) -> str:
    """Another value of the same kind."""
    new = str(uuid.uuid4())
    if value.startswith("+"):
        return f"+1617555{uuid.uuid4().int % 10_000:04}"
    if value.startswith("/"):
        return f"/{new}"
    return f"{new}@nobody.example" if "@" in value else new


LAST = ("sign_out",)


def in_turn(operation: Operation) -> tuple[int, int]:
    """Where it stands in a row of all that an owner does: what takes away comes last."""
    if operation.name in LAST:
        return 3, 0
    return (2, -len(operation.route)) if operation.method == "DELETE" else (1, 0)
