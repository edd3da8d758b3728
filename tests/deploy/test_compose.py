"""The compose file: two nodes that know each other, and the balancer that knows both."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from app.settings import Settings
from app.settings.environment import load
from tests.deploy.manifests import PREFIX, ROOT, of_image

COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Any] = COMPOSE["services"]
NODES = ("node-1", "node-2")
CADDYFILE = (ROOT / "deploy/compose/Caddyfile").read_text(encoding="utf-8")
SPARE = 5


def filled_in(value: object) -> str:
    """A value with its variables, where those that must be set are and the others are not."""
    required = re.sub(r"\$\{\w+:\?[^}]*\}", "s" * 32, str(value))
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", required)


def settings(node: str) -> Settings:
    given = {name: filled_in(value) for name, value in SERVICES[node]["environment"].items()}
    image = {name: value for name, value in of_image().items() if name.startswith(PREFIX)}
    return load({**image, **given})


@pytest.mark.parametrize("node", NODES)
def test_the_server_takes_every_variable(node: str) -> None:
    loaded = settings(node)

    assert loaded.is_clustered
    assert loaded.node_url == f"http://{node}:{loaded.node_port}"
    assert loaded.bus_url is not None
    assert loaded.bus_url.get_secret_value().endswith("@valkey:6379")
    assert loaded.store_url.endswith("@database/cordboard")


def test_the_nodes_differ_in_nothing_but_their_address() -> None:
    one, other = (dict(SERVICES[node]["environment"]) for node in NODES)
    del one["CORDBOARD_NODE_URL"], other["CORDBOARD_NODE_URL"]

    assert one == other


@pytest.mark.parametrize("node", NODES)
def test_a_node_is_reached_by_the_balancer_alone(node: str) -> None:
    assert "ports" not in SERVICES[node]
    (line,) = [line for line in CADDYFILE.splitlines() if "reverse_proxy" in line]
    assert f"{node}:{settings(node).port}" in line.split()


@pytest.mark.parametrize("node", NODES)
def test_a_node_has_the_time_that_it_takes_to_end(node: str) -> None:
    loaded, given = settings(node), SERVICES[node]["stop_grace_period"]

    assert int(given.removesuffix("s")) >= loaded.drain_delay + loaded.drain_seconds + SPARE


def test_the_balancer_sees_a_node_coming_to_its_end() -> None:
    interval = re.search(r"health_interval (\d+)s", CADDYFILE)

    assert "health_uri /readyz" in CADDYFILE
    assert interval is not None
    assert settings(NODES[0]).drain_delay >= 2 * int(interval[1])


def test_every_secret_must_be_set_and_the_head_of_the_file_names_it() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    required = set(re.findall(r"\$\{(\w+):\?", text))
    named = set(re.findall(r"^#   (\w+) ", text, re.MULTILINE))

    assert required == named


def test_the_address_of_the_site_reaches_the_balancer() -> None:
    balancer = SERVICES["balancer"]

    assert CADDYFILE.startswith("{$SITE_ADDRESS} {")
    assert filled_in(balancer["environment"]["SITE_ADDRESS"]) == "http://:3000"
    assert "3000:3000" in balancer["ports"]
    source, target, _ = balancer["volumes"][0].split(":")
    assert (ROOT / source).read_text(encoding="utf-8") == CADDYFILE
    assert target == "/etc/caddy/Caddyfile"


def test_images_are_named_plainly() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"(?:[a-z]+/)?[a-z]+(?::\d+)?", service["image"]), name
        assert service["restart"] == "unless-stopped", name
