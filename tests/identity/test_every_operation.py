"""What holds of every operation: pages of other sites change nothing, few are for everybody."""

from app.identity import PUBLIC, SIGNED_IN
from app.rest import API_OPERATIONS, OPERATIONS
from app.rest.operation import Operation
from app.store import new_id
from tests.identity.asking import Answer, Asking, Client

EVERY = (*OPERATIONS, *API_OPERATIONS)
CHANGING = [one for one in EVERY if one.needs != PUBLIC and one.method != "GET"]


class AnyId(dict[str, str]):
    """Fills each place of a route with an id that nobody has."""

    def __missing__(self, key: str) -> str:
        return new_id()


async def try_out(client: Client, operation: Operation) -> Answer:
    """Ask without a body: whether it is allowed is looked at before anything else."""
    return await client.ask(operation.method, operation.route.format_map(AnyId()))


async def test_a_page_of_another_site_changes_nothing_anywhere(asking: Asking) -> None:
    owner = await asking.person()
    owner.headers["Origin"] = "https://evil.example"
    for operation in CHANGING:
        answer = await try_out(owner, operation)
        assert answer.status == 403, operation.name
        assert answer.body["type"].endswith("foreign-origin")


async def test_without_its_token_a_cookie_changes_nothing_anywhere(asking: Asking) -> None:
    owner = await asking.person()
    del owner.headers["X-CSRF-Token"]
    for operation in CHANGING:
        answer = await try_out(owner, operation)
        assert answer.status == 403, operation.name
        assert answer.body["type"].endswith("forged")
    async with owner.http.post("/mcp", json={}) as response:
        assert response.status == 403


def test_what_everybody_may_ask_is_signing_in_and_nothing_else() -> None:
    assert {one.name for one in EVERY if one.needs == PUBLIC} == {"sign_in", "choose_password"}
    assert {one.name for one in EVERY if one.needs == SIGNED_IN} == {
        "show_session",
        "choose_organisation",
        "sign_out",
        "change_password",
    }


async def test_the_document_tells_both_ways_to_prove_who_asks(asking: Asking) -> None:
    document = (await (await asking.nobody()).get("/openapi.json")).body
    asked = document["paths"]["/api/keys"]["post"]["security"]

    assert asked == [{"bearer": ["organisation:write"]}, {"session": ["organisation:write"]}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session"}
    assert document["paths"]["/api/session"]["post"]["security"] == []
    (name,) = [one.key for one in (await asking.person()).http.cookie_jar]
    assert document["components"]["securitySchemes"]["session"]["name"] == name
