"""The manifests of Kubernetes fit its schemas, each other, and the settings of the server."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from app.bus import MemoryBus
from app.counters import Counters
from app.server import build
from app.server.private import private_application
from app.settings import Settings
from app.settings.environment import load
from tests.deploy.manifests import (
    FOLDER,
    POD_IP,
    ROOT,
    SECRETS,
    container,
    environment,
    kustomization,
    manifests,
    of_image,
    pod,
    walk,
)

SCHEMAS = json.loads((Path(__file__).parent / "kubernetes-1.37.json").read_text(encoding="utf-8"))
KINDS = sorted(SCHEMAS["kinds"])
SPARE = 5
"""Seconds that a process is given beyond the time that it gives itself."""


def problems(manifest: Any) -> list[str]:
    schema = {"$ref": f"#/$defs/{SCHEMAS['kinds'][manifest['kind']]}", "$defs": SCHEMAS["$defs"]}
    found = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


def settings() -> Settings:
    return load(environment())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ConfigMap"])
def test_every_manifest_is_as_kubernetes_wants_it(kind: str) -> None:
    assert problems(manifests()[kind]) == []


def test_what_is_misspelt_or_of_the_wrong_type_is_noticed() -> None:
    deployment = json.loads(json.dumps(manifests()["Deployment"]))
    spec = deployment["spec"]["template"]["spec"]
    spec["terminationGracePeriodSecond"] = 45
    spec["containers"][0]["readinessProbe"]["periodSeconds"] = "2"
    found = " ".join(problems(deployment))

    assert "terminationGracePeriodSecond" in found
    assert "periodSeconds" in found


def test_every_file_of_the_folder_is_a_resource() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}

    assert sorted(files) == sorted(kustomization()["resources"])


def test_the_server_takes_every_variable_and_needs_no_other() -> None:
    loaded = settings()  # a name that is no setting, or a bad value, would be refused

    assert loaded.is_clustered
    assert (loaded.node_host, loaded.host) == (POD_IP, "0.0.0.0")
    assert loaded.bus_url is not None
    assert "cordboard.db" not in loaded.store_url, "no pod keeps anything of its own"


def test_without_a_bus_the_table_of_calls_stands_in_the_database() -> None:
    given = environment()
    del given["CORDBOARD_BUS_URL"]

    assert load(given).is_clustered
    (optional,) = [one for one in walk(container()) if one.get("optional")]
    assert optional["key"] == "bus-url"


def test_no_variable_of_a_service_gets_in_the_way() -> None:
    assert pod()["enableServiceLinks"] is False


def test_no_secret_stands_in_a_manifest_and_the_docs_make_each_of_them() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir()))
    used = {one["secretKeyRef"]["key"] for one in walk(container()) if "secretKeyRef" in one}
    made = re.findall(r"--from-literal=([\w-]+)=", (ROOT / "docs/deploy.md").read_text())

    assert used == set(SECRETS) == set(made)
    secret_settings = ("API_KEYS=", "WS_PASSWORD=", "SECRET_KEY=", "DATABASE_URL=", "BUS_URL=")
    assert not [name for name in secret_settings if f"CORDBOARD_{name}" in text]


def test_ports_are_those_of_the_settings() -> None:
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}

    assert ports == {"public": settings().port, "private": settings().node_port}
    (served,) = manifests()["Service"]["spec"]["ports"]
    assert served["targetPort"] == "public"
    (path,) = manifests()["Ingress"]["spec"]["rules"][0]["http"]["paths"]
    service = path["backend"]["service"]
    assert service == {
        "name": manifests()["Service"]["metadata"]["name"],
        "port": {"name": "public"},
    }
    opened = [one["port"] for one in walk(manifests()["NetworkPolicy"]) if "port" in one]
    assert opened == ["public", "private"]


def test_probes_ask_the_private_port_for_what_it_serves() -> None:
    served = private_application(build(settings(), [], bus=MemoryBus()))
    paths = {route.resource.canonical for route in served.router.routes() if route.resource}
    probes = [
        container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")
    ]

    assert [probe["path"] for probe in probes] == ["/livez", "/readyz", "/livez"]
    assert {probe["path"] for probe in probes} <= paths
    assert {probe["port"] for probe in probes} == {"private"}


def test_only_nodes_and_prometheus_reach_the_private_port() -> None:
    public, private = manifests()["NetworkPolicy"]["spec"]["ingress"]

    assert "from" not in public
    assert [list(each) for each in private["from"]] == [["podSelector"], ["namespaceSelector"]]


def test_the_address_that_jambonz_dials_is_the_one_that_is_served() -> None:
    spec = manifests()["Ingress"]["spec"]
    host = spec["rules"][0]["host"]

    assert settings().public_url == f"https://{host}"
    assert spec["tls"][0]["hosts"] == [host]


def test_a_pod_has_the_time_that_its_process_takes_to_end() -> None:
    took = settings().drain_delay + settings().drain_seconds

    assert pod()["terminationGracePeriodSeconds"] >= took + SPARE


def test_calls_are_taken_until_nobody_is_sent_to_the_pod_any_more() -> None:
    probe = container()["readinessProbe"]

    assert settings().drain_delay >= probe["periodSeconds"] * probe["failureThreshold"]


def test_a_node_that_ends_has_its_successor_before() -> None:
    spec = manifests()["Deployment"]["spec"]

    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert manifests()["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert manifests()["HorizontalPodAutoscaler"]["spec"]["minReplicas"] >= 3
    assert "replicas" not in spec, "each apply would undo what the autoscaler has done"


def test_all_selectors_choose_the_pods_of_the_deployment() -> None:
    template = manifests()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifests()["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests()["Service"]["spec"]["selector"],
        manifests()["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        manifests()["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        pod()["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]

    assert selectors == [template] * len(selectors)


def test_pods_are_added_by_calls_long_before_they_are_full() -> None:
    spec = manifests()["HorizontalPodAutoscaler"]["spec"]
    (metric,) = spec["metrics"]
    name, target = metric["pods"]["metric"]["name"], metric["pods"]["target"]

    assert f"\n{name} " in Counters().write().decode()
    assert int(target["averageValue"]) <= settings().max_calls / 2
    reference = spec["scaleTargetRef"]
    assert reference["kind"] == "Deployment"
    assert reference["name"] == manifests()["Deployment"]["metadata"]["name"]


def test_a_pod_may_write_where_the_image_writes_and_nowhere_else() -> None:
    inside, outside = container()["securityContext"], pod()["securityContext"]
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    mounts = {mount["mountPath"]: mount["name"] for mount in container()["volumeMounts"]}

    assert inside["readOnlyRootFilesystem"] is True
    assert user is not None
    assert user.groups() == (str(outside["runAsUser"]), str(outside["runAsGroup"]))
    assert mounts.keys() == {of_image()["CORDBOARD_DATA_DIR"], "/tmp"}
    assert [*mounts.values()] == [volume["name"] for volume in pod()["volumes"]]


def test_the_image_is_named_plainly_for_an_overlay_to_replace() -> None:
    (image,) = kustomization()["images"]

    assert container()["image"] == image["name"] == "cordboard"
