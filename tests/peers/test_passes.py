"""Passes: good once, for one request to one node, for seconds."""

import re
from typing import Any

import pytest

from app.identity import ALL, Principal
from app.peers import BadPass, Pass, Passes
from app.vault import Vault

SOMEBODY = Principal("org-7", "key:42", "key", "the key of Zoë", frozenset(("calls:read",)))
REQUEST = {"node_id": "b", "method": "GET", "path": "/v1/calls/x?a=%2F"}
OLD, NEW = "the key of last year, long enough for it", "the key of this year, long enough for it"


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def passes(*keys: str, clock: Clock | None = None) -> Passes:
    return Passes(Vault(keys or (OLD,)), clock=clock or Clock())


@pytest.mark.parametrize("given", [Pass(), Pass(SOMEBODY), Pass(SOMEBODY, is_local=True)])
def test_a_pass_says_on_whose_behalf_a_node_asks(given: Pass) -> None:
    text = passes().write(given, **REQUEST)

    assert passes().read(text, **REQUEST) == given
    assert re.fullmatch(r"[\w=.-]+", text)


@pytest.mark.parametrize(
    "other", [{"node_id": "c"}, {"method": "DELETE"}, {"path": "/v1/calls/y?a=%2F"}]
)
def test_it_is_good_for_one_request_to_one_node(other: dict[str, str]) -> None:
    text = passes().write(Pass(SOMEBODY), **REQUEST)

    with pytest.raises(BadPass, match="for another request"):
        passes().read(text, **(REQUEST | other))


def test_it_is_good_once() -> None:
    mine = passes()
    text = mine.write(Pass(SOMEBODY), **REQUEST)
    mine.read(text, **REQUEST)

    with pytest.raises(BadPass, match="used before"):
        mine.read(text, **REQUEST)


@pytest.mark.parametrize("seconds", [10.5, -10.5])
def test_it_is_good_for_seconds(seconds: float) -> None:
    clock = Clock()
    text = passes(clock=clock).write(Pass(SOMEBODY), **REQUEST)
    clock.now += seconds

    with pytest.raises(BadPass, match="of another time"):
        passes(clock=clock).read(text, **REQUEST)


def test_a_pass_that_was_used_stays_so_for_as_long_as_any_clock_would_take_it() -> None:
    clock = Clock()
    clock.now -= 9
    mine, ahead = passes(clock=clock), passes(clock=Clock())
    text = ahead.write(Pass(), **REQUEST)
    mine.read(text, **REQUEST)
    clock.now += 18
    mine.read(ahead.write(Pass(), **REQUEST), **REQUEST)

    with pytest.raises(BadPass, match="used before"):
        mine.read(text, **REQUEST)


@pytest.mark.parametrize(("writes", "reads"), [((OLD,), (NEW, OLD)), ((NEW, OLD), (OLD, NEW))])
def test_while_a_key_is_changed_old_and_new_nodes_understand_each_other(
    writes: tuple[str, ...], reads: tuple[str, ...]
) -> None:
    text = passes(*writes).write(Pass(SOMEBODY), **REQUEST)

    assert passes(*reads).read(text, **REQUEST).principal == SOMEBODY


def test_a_pass_of_another_cluster_is_none() -> None:
    text = passes(NEW).write(Pass(SOMEBODY), **REQUEST)

    with pytest.raises(BadPass, match="CORDBOARD_SECRET_KEY"):
        passes(OLD).read(text, **REQUEST)


def forged(text: str) -> Any:
    """The same with more scopes."""
    import base64

    import orjson

    body, _, signature = text.partition(".")
    said = orjson.loads(base64.urlsafe_b64decode(body))
    said["who"][4] = sorted(ALL)
    return f"{base64.urlsafe_b64encode(orjson.dumps(said)).decode()}.{signature}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(forged, id="more scopes"),
        pytest.param(lambda text: text[:-2], id="cut"),
        pytest.param(lambda text: text.partition(".")[0], id="no signature"),
        pytest.param(lambda text: text.partition(".")[0] + ".", id="empty signature"),
        pytest.param(lambda _: "", id="nothing"),
        pytest.param(lambda _: "é.é", id="no ASCII"),
        pytest.param(lambda _: "....", id="dots"),
    ],
)
def test_what_was_changed_is_no_pass(change: Any) -> None:
    text = change(passes().write(Pass(SOMEBODY), **REQUEST))

    with pytest.raises(BadPass):
        passes().read(text, **REQUEST)
