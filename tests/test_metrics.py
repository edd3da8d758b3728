from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.counters import Counters
from app.keys import COUNTERS, DRAINING
from app.tally import MOST_LABELS
from tests.rest_server import AUTH, CALL, Rest, serving


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(counters: Counters) -> dict[str, float]:
    return samples(counters.write().decode())


async def scraped(rest: Rest) -> dict[str, float]:
    return samples(await (await rest.client.get("/metrics")).text())


def test_calls_are_counted_by_application() -> None:
    counters = Counters()
    counters.call_started("/weather")
    counters.call_started("/weather")
    counters.call_started("/menu")
    counters.call_ended("/weather", 42.0)

    found = counted(counters)
    assert found["cordboard_calls"] == 2
    assert found["cordboard_calls_started_total application=/weather"] == 2
    assert found["cordboard_calls_started_total application=/menu"] == 1
    assert found["cordboard_call_seconds_sum application=/weather"] == 42


def test_tool_calls_are_counted_by_tool_and_outcome() -> None:
    counters = Counters()
    counters.tool_called("get_weather", 0.2, "ok")
    counters.tool_called("get_weather", 4.0, "late")

    found = counted(counters)
    assert found["cordboard_tool_calls_total outcome=ok tool=get_weather"] == 1
    assert found["cordboard_tool_calls_total outcome=late tool=get_weather"] == 1
    assert found["cordboard_tool_seconds_count tool=get_weather"] == 2


def test_acks_and_faults_are_counted() -> None:
    counters = Counters()
    counters.ack_sent(False)
    counters.ack_sent(True)
    counters.ack_sent(False)
    counters.handler_failed("tool")
    counters.frame_refused()
    counters.event_dropped()

    found = counted(counters)
    assert found["cordboard_acks_total late=false"] == 2
    assert found["cordboard_acks_total late=true"] == 1
    assert found["cordboard_handler_errors_total kind=tool"] == 1
    assert found["cordboard_frames_refused_total"] == 1
    assert found["cordboard_events_dropped_total"] == 1


def test_labels_from_outside_are_bounded() -> None:
    counters = Counters()
    for n in range(MOST_LABELS + 50):
        counters.tool_called(f"tool_{n}", 0.1, "ok")

    names = [name for name in counted(counters) if name.startswith("cordboard_tool_calls_total")]
    assert len(names) == MOST_LABELS + 1
    assert counted(counters)["cordboard_tool_calls_total outcome=ok tool=other"] == 50


def test_two_servers_count_apart() -> None:
    first, second = Counters(), Counters()
    first.frame_refused()

    assert counted(second)["cordboard_frames_refused_total"] == 0


async def test_requests_are_counted_by_the_template_of_their_route(rest: Rest) -> None:
    for call_sid in (CALL, "unknown", "another"):
        await rest.client.get(f"/v1/calls/{call_sid}", headers=AUTH)
    await rest.client.get("/nowhere/1")
    await rest.client.request("PROPFIND", "/nowhere/2")

    found = await scraped(rest)
    of = "cordboard_http_requests_total method="
    assert found[of + "GET route=/v1/calls/{call_sid} status=200"] == 1
    assert found[of + "GET route=/v1/calls/{call_sid} status=404"] == 2
    assert found[of + "GET route=none status=404"] == 1
    assert found[of + "other route=none status=404"] == 1
    assert found["cordboard_http_request_seconds_count route=/v1/calls/{call_sid}"] == 3


async def test_streams_are_counted_but_not_timed(rest: Rest) -> None:
    rest.feed.publish(CALL, "event", {})
    rest.feed.end(CALL)
    response = await rest.client.get(f"/v1/calls/{CALL}/events", headers=AUTH)
    await response.read()

    found = await scraped(rest)
    route = "route=/v1/calls/{call_sid}/events"
    assert found[f"cordboard_http_requests_total method=GET {route} status=200"] == 1
    assert f"cordboard_http_request_seconds_count {route}" not in found


async def test_the_process_is_alive_and_ready(rest: Rest) -> None:
    for path in ("/livez", "/readyz"):
        assert (await rest.client.get(path)).status == 200


async def test_a_draining_server_is_alive_but_not_ready(rest: Rest) -> None:
    rest.app[DRAINING].set()

    assert (await rest.client.get("/livez")).status == 200
    response = await rest.client.get("/readyz")
    assert response.status == 503
    assert response.content_type == "application/problem+json"


async def test_metrics_are_for_this_machine_or_for_who_has_a_key(rest: Rest) -> None:
    elsewhere = {"X-Forwarded-For": "192.0.2.1"}

    assert (await rest.client.get("/metrics")).status == 200
    assert (await rest.client.get("/metrics", headers=elsewhere)).status == 401
    response = await rest.client.get("/metrics", headers={**elsewhere, **AUTH})
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain")


async def test_a_request_that_fails_or_is_given_up_is_counted_too(rest: Rest) -> None:
    rest.calls.failure = RuntimeError("broken")
    await rest.client.delete(f"/v1/calls/{CALL}", headers=AUTH)

    name = "cordboard_http_requests_total method=DELETE route=/v1/calls/{call_sid} status=500"
    assert (await scraped(rest))[name] == 1
    assert rest.app[COUNTERS].write()
