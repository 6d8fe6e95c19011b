"""Show that the manifests are valid, keep to the restricted profile and agree with the image and the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.registry import load
from bot.settings import Settings
from bot.wire.rest import OWN

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
SERVICES = ROOT / "k8s" / "services"
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))
FILES = sorted(path for path in (ROOT / "k8s").rglob("*.yaml") if path.name != "kustomization.yaml")
OLDEST_KUBERNETES = "1.33"


def resources(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


def resource(kind: str, name: str = "rapport") -> dict[str, Any]:
    found = [one for path in FILES for one in resources(path) if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}"
    return found[0]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FILES:
        for one in resources(path):
            if "template" in one.get("spec", {}):
                yield f"{one['kind']} {one['metadata']['name']}", one["spec"]["template"]["spec"]


PODS = dict(pods())


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_valid(path: Path, version: str) -> None:
    for one in resources(path):
        kubernetes_validate.validate(one, version, strict=True)


def test_the_kustomization_names_every_file() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [path.name for path in FILES if path.parent == BASE]
    assert [image["name"] for image in KUSTOMIZATION["images"]] == ["rapport"]
    assert all(image["newTag"] != "latest" for image in KUSTOMIZATION["images"])


def served_by(path: str) -> str:
    """Return the service that an address goes to, as an Ingress chooses: the longest path that is whole elements."""
    (rule,) = resource("Ingress")["spec"]["rules"]
    paths = {one["path"]: one["backend"]["service"]["name"] for one in rule["http"]["paths"]}
    fitting = [one for one in paths if path == one or path.startswith(one.rstrip("/") + "/")]
    return str(paths[max(fitting, key=len)])


def only(service: str) -> set[str]:
    """Return the keys of the nouns that a service serves."""
    args = PODS[f"Deployment {service}"]["containers"][0]["args"]
    assert args[:4] == ["run", "--role", "api", "--only"]
    plurals = {noun.declaration.plural.casefold(): key for key, noun in load().nouns.items()}
    return {plurals.get(word, word) for word in args[4].split(",")}


def test_two_services_share_the_nouns_by_path() -> None:
    services = yaml.safe_load((SERVICES / "kustomization.yaml").read_text("utf-8"))
    files = sorted(path.name for path in SERVICES.glob("*.yaml") if path.name != "kustomization.yaml")
    assert services["resources"] == ["../base", *files]
    assert services["images"] == KUSTOMIZATION["images"]
    sales, rest = only("rapport-deals"), only("rapport-customers")
    assert sales | rest == {*load().nouns, OWN} and not sales & rest
    for nouns, service in ((sales, "rapport-deals"), (rest, "rapport-customers")):
        for noun in nouns:
            assert served_by(f"/api/v1/records/{noun}/X-1/notes") == service, noun
    assert served_by("/api/v1/records/dealer") == served_by("/api/v1/search") == "rapport-customers"
    assert served_by("/mcp") == "rapport-customers"
    assert served_by("/slack/events") == served_by("/") == "rapport"
    for name in ("rapport-deals", "rapport-customers"):
        spec = resource("Deployment", name)["spec"]
        assert resource("Service", name)["spec"]["selector"] == spec["selector"]["matchLabels"] == {"app": name}
        assert spec["template"]["metadata"]["labels"] == {"app": name, "app.kubernetes.io/part-of": "rapport"}
        assert resource("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == {"app": name}
        base, pod = PODS["Deployment rapport"], PODS[f"Deployment {name}"]
        probes = ("startupProbe", "livenessProbe", "readinessProbe", "ports", "env", "envFrom")
        assert all(pod["containers"][0][one] == base["containers"][0][one] for one in probes)
        assert pod["terminationGracePeriodSeconds"] == base["terminationGracePeriodSeconds"]


def test_nothing_secret_is_in_a_manifest() -> None:
    assert not [one for path in FILES for one in resources(path) if one["kind"] == "Secret"]
    container = PODS["Deployment rapport"]["containers"][0]
    assert container["envFrom"] == [{"secretRef": {"name": "rapport"}}]


@pytest.mark.parametrize("name", PODS)
def test_pods_keep_to_the_restricted_profile(name: str) -> None:
    pod = PODS[name]
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "rapport"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all(set(volume) == {"name", "emptyDir"} for volume in pod["volumes"])
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert "privileged" not in own
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        assert not any("hostPort" in port for port in container.get("ports", []))
        assert container["image"] == "rapport"


@pytest.mark.parametrize("name", PODS)
def test_kubernetes_adds_no_variables_that_look_like_settings(name: str) -> None:
    assert PODS[name]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", PODS)
def test_variables_are_settings_and_data_goes_where_writing_is_allowed(name: str) -> None:
    container = PODS[name]["containers"][0]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    assert set(variables) <= set(Settings.names())
    data_dir = Path(str(variables["RAPPORT_DATA_DIR"]))
    assert any(Path(mount["mountPath"]) in data_dir.parents for mount in container["volumeMounts"])


def test_the_service_account_carries_no_token() -> None:
    assert resource("ServiceAccount")["automountServiceAccountToken"] is False


def test_a_roll_out_never_has_fewer_replicas_nor_more_sockets_than_slack_allows() -> None:
    spec = resource("Deployment")["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert 2 * (spec["replicas"] + 1) <= 10
    assert spec["selector"]["matchLabels"] == {"app": "rapport"}
    assert spec["template"]["metadata"]["labels"]["app"] == "rapport"


def test_stopping_leaves_time_to_drain() -> None:
    pod = PODS["Deployment rapport"]
    assert pod["terminationGracePeriodSeconds"] >= Settings().drain_seconds + 5


def test_probes_ask_the_port_that_answers() -> None:
    container = PODS["Deployment rapport"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert container["ports"] == [
        {"name": "http", "containerPort": int(variables["PORT"]), "protocol": "TCP"},
        {"name": "probes", "containerPort": int(variables["RAPPORT_PROBE_PORT"]), "protocol": "TCP"},
    ]
    annotations = resource("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == variables["RAPPORT_PROBE_PORT"]
    paths = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {kind: probe["path"] for kind, probe in paths.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    assert {probe["port"] for probe in paths.values()} == {"probes"}
    assert [port["targetPort"] for port in resource("Service")["spec"]["ports"]] == ["http"]
    assert resource("Service")["spec"]["selector"] == {"app": "rapport"}


def test_only_the_migration_may_change_tables() -> None:
    assert "DATABASE_ADMIN_URL" not in str(PODS["Deployment rapport"])
    job = PODS["Job rapport-migrate"]["containers"][0]
    assert job["args"] == ["db", "upgrade"]
    assert [one["name"] for one in job["env"]] == ["RAPPORT_DATA_DIR", "DATABASE_URL", "DATABASE_ADMIN_URL"]


def test_the_network_is_closed_but_for_names_postgres_and_slack() -> None:
    deny, allow = resource("NetworkPolicy", "rapport-deny")["spec"], resource("NetworkPolicy", "rapport-allow")["spec"]
    assert set(deny) == {"podSelector", "policyTypes"}
    for policy in (deny, allow):
        assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
        assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "rapport"}}
    for kind, name in (("Deployment", "rapport"), ("Job", "rapport-migrate")):
        assert resource(kind, name)["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "rapport"
    assert sorted((port["port"], port["protocol"]) for rule in allow["egress"] for port in rule["ports"]) == [
        (53, "TCP"),
        (53, "UDP"),
        (443, "TCP"),
        (5432, "TCP"),
    ]
    outside = next(rule for rule in allow["egress"] if rule["ports"][0]["port"] == 443)
    assert "169.254.0.0/16" in outside["to"][0]["ipBlock"]["except"]
    assert allow["ingress"] == [
        {"ports": [{"port": 8080, "protocol": "TCP"}]},
        {"from": [{"namespaceSelector": {}}], "ports": [{"port": 8081, "protocol": "TCP"}]},
    ]


def test_replicas_go_one_at_a_time_and_spread_out() -> None:
    assert resource("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    spread = PODS["Deployment rapport"]["topologySpreadConstraints"]
    assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}


def test_the_image_runs_as_the_user_the_manifests_name_and_installs_only_by_hash() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)
    assert user is not None
    for pod in PODS.values():
        security = pod["securityContext"]
        assert (str(security["runAsUser"]), str(security["runAsGroup"])) == user.groups()
    installs = re.findall(r"pip install (.+?)(?: \\)?$", dockerfile, re.MULTILINE)
    assert installs
    assert all("--no-deps" in line and ("--require-hashes" in line or "--editable" in line) for line in installs)
    assert "HEALTHCHECK" in dockerfile
    assert re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE) == ["8080"]
    assert "os.environ['RAPPORT_PROBE_PORT']" in dockerfile
