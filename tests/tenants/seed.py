"""What each organisation has in the store: something of every kind, made over REST by its owner."""

from typing import Any

import orjson

from tests.tenants.filling import AGENT, DOCUMENT, TOOL, WEBHOOK, Filled
from tests.tenants.party import Party


async def seed(party: Party) -> None:
    """Make it, and keep the ids."""
    about = {"client_lookup_url": f"http://127.0.0.1:9/of-{party.name}"}  # nothing may go there
    answer = await party.ask(Filled("PATCH", "/api/organisation", orjson.dumps(about)))
    assert answer.status == 200, answer
    path = "/api/knowledge-bases"
    party.ids["knowledge_id"] = base = await make(party, path, {"title": f"Shop of {party.name}"})
    document = {**DOCUMENT, "content": f"Secret hours of {party.name}"}
    party.ids["document_id"] = await make(party, f"{path}/{base}/documents", document)
    await party.tenant.questions.note([base], f"Where is the bank of {party.name}?")
    (question,) = await party.tenant.questions.list(base)
    party.ids["question_id"] = question.id
    linked = {"knowledge_base_ids": [base]}
    agent = {
        **AGENT,
        **linked,
        "name": f"Agent of {party.name}",
        "prompt": f"Secret of {party.name}",
    }
    party.ids["agent_id"] = await make(party, "/api/agents", agent)
    person = {"email": f"person@{party.name}.example", "role": "viewer"}
    party.ids["person_id"] = await make(party, "/api/people", person)
    key = {"name": f"Another key of {party.name}", "scopes": ["records:read"]}
    party.ids["key_id"] = await make(party, "/api/keys", key)
    credential = {"name": f"Another of {party.name}", "user_name": f"other-{party.name}"}
    party.ids["credential_id"] = await make(party, "/api/credentials", credential)
    tool = {**TOOL, "description": f"Finds what {party.name} sold."}
    party.ids["tool_id"] = await make(party, "/api/tools", tool)
    webhook = {**WEBHOOK, "url": f"https://hooks.example/of-{party.name}"}
    path = "/api/webhooks"
    party.ids["webhook_id"] = webhook_id = await make(party, path, webhook)
    party.ids["delivery_id"] = await make(party, f"{path}/{webhook_id}/ping")


async def make(party: Party, path: str, body: dict[str, Any] | None = None) -> str:
    """Make something; its id."""
    answer = await party.ask(Filled("POST", path, None if body is None else orjson.dumps(body)))
    assert answer.status in (201, 202), answer
    made_id: str = orjson.loads(answer.text)["id"]
    return made_id
