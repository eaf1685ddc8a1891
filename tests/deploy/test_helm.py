"""The charts render for every combination that we offer, Kubernetes takes the result, and each setting exists."""

import importlib

import click
import helm_python
import pytest

import helm_check
import helm_schema

BLOCKS = helm_schema.blocks()
CASES = helm_check.cases()


def rendered(values, chart=helm_check.UMBRELLA, release="meldstroom"):
    return helm_check.Case("", chart, values, release).render()


def settings_in(documents, block):
    return next(
        document["data"]
        for document in documents
        if document["kind"] == "ConfigMap" and document["metadata"]["labels"]["app.kubernetes.io/name"] == block
    )


def blocks_in(documents):
    return {document["metadata"]["labels"]["app.kubernetes.io/name"] for document in documents}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_a_rendering_is_valid_and_sets_only_settings_that_exist(case):
    documents = case.render()
    assert documents
    assert list(helm_check.faults(documents)) == []


def test_the_linter_of_helm_finds_nothing():
    assert helm_check.lint() == []


def test_the_schemas_of_the_values_are_what_the_settings_classes_say():
    assert helm_check.stale_schemas() == []


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_that_is_switched_off_leaves_nothing_behind(block):
    documents = rendered(helm_check.without(block))
    assert blocks_in(documents) == set(BLOCKS) - {block}
    if block != "gateway":
        assert settings_in(documents, "gateway")[f"GATEWAY_{block.upper()}_URL"] == ""


def test_who_waits_for_an_answer_goes_before_events_on_a_full_node():
    asked = {
        document["metadata"]["name"]: helm_check.pod_of(document)["containers"][0]["resources"]["requests"]["cpu"]
        for document in rendered({block: {"mode": "split"} for block in BLOCKS})
        if document["kind"] == "Deployment"
    }
    millis = {name: int(cpu.removesuffix("m")) for name, cpu in asked.items()}
    most_of_a_worker = max(cpu for name, cpu in millis.items() if name.endswith("-worker"))
    for block in ("intake", "gateway", "handling"):
        assert [cpu for name, cpu in millis.items() if name.endswith(block)] > [most_of_a_worker]


def test_the_gateway_is_told_where_a_block_of_another_release_is():
    elsewhere = {"enabled": False, "url": "http://insight.elsewhere:8080"}
    documents = rendered({"global": {"blocks": {"insight": elsewhere}}})
    assert settings_in(documents, "gateway")["GATEWAY_INSIGHT_URL"] == "http://insight.elsewhere:8080"


@pytest.mark.parametrize(
    ("release", "own", "gateway"),
    [
        ("meldstroom", "meldstroom-intake", "meldstroom-gateway"),
        ("intake", "intake", "gateway"),
        ("acceptance-intake", "acceptance-intake", "acceptance-gateway"),
    ],
)
def test_blocks_find_each_other_by_the_names_of_their_releases(release, own, gateway):
    documents = rendered({}, helm_schema.chart_of("intake"), release)
    assert {document["metadata"]["name"] for document in documents if document["kind"] == "Service"} == {own}
    assert settings_in(documents, "intake")["INTAKE_JWKS_URL"] == f"http://{gateway}:8080/.well-known/jwks.json"


def test_a_blocks_own_settings_go_before_those_of_all():
    values = {
        "global": {"settings": {"LOG_LEVEL": "WARNING"}},
        "intake": {"settings": {"INTAKE_LOG_LEVEL": "DEBUG"}},
    }
    documents = rendered(values)
    assert settings_in(documents, "intake")["INTAKE_LOG_LEVEL"] == "DEBUG"
    assert settings_in(documents, "routing")["ROUTING_LOG_LEVEL"] == "WARNING"


def test_numbers_and_objects_arrive_as_the_settings_read_them():
    values = {"settings": {"INTAKE_MAX_PHOTO_BYTES": 20_000_000, "INTAKE_STORAGE_OPTIONS": {"endpoint": "s3.example"}}}
    settings = settings_in(rendered(values, helm_schema.chart_of("intake")), "intake")
    assert settings["INTAKE_MAX_PHOTO_BYTES"] == "20000000"
    assert settings["INTAKE_STORAGE_OPTIONS"] == '{"endpoint":"s3.example"}'


@pytest.mark.parametrize(
    "values",
    [
        {"intake": {"settings": {"INTAKE_RATE_LIMITS": "1/minute"}}},
        {"intake": {"settings": {"INTAKE_PHOTO_SIDE": 1}}},
        {"intake": {"settings": {"INTAKE_PHOTO_SIDE": "wide"}}},
        {"intake": {"replicas": 3}},
        {"global": {"settings": {"KAFKA_SERVERS": "kafka:9092"}}},
        {"global": {"blocks": {"intakes": {"enabled": False}}}},
        {"global": {"block": {"mode": "apart"}}},
    ],
    ids=["misspelt", "too-small", "no-number", "unknown-value", "misspelt-for-all", "unknown-block", "unknown-mode"],
)
def test_a_value_that_cannot_be_meant_is_refused_at_installation(values):
    with pytest.raises(helm_python.HelmError):
        rendered(values)


@pytest.mark.parametrize(
    ("block", "setting"),
    [
        ("intake", "INTAKE_DATABASE_URL"),
        ("gateway", "GATEWAY_SECRET"),
        ("gateway", "GATEWAY_PROVIDERS"),
        ("notification", "NOTIFICATION_SMTP_PASSWORD"),
    ],
)
def test_a_secret_among_the_values_is_refused(block, setting):
    with pytest.raises(helm_python.HelmError, match=setting):
        rendered({"settings": {setting: "hidden"}}, helm_schema.chart_of(block))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_secret_setting_comes_from_a_secret(block):
    documents = rendered({}, helm_schema.chart_of(block), block)
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    given = {
        variable["name"]
        for variable in helm_check.pod_of(deployment)["containers"][0]["env"]
        if "secretKeyRef" in variable["valueFrom"]
    }
    _plain, secret = helm_schema.split(helm_schema.settings_of(block))
    assert {f"{block}_{name}".upper() for name in secret} <= given


def test_photos_are_not_kept_in_a_folder_that_is_lost():
    chart = helm_schema.chart_of("intake")
    with pytest.raises(helm_python.HelmError, match="photos would be lost"):
        rendered({"persistence": {"enabled": False}}, chart)
    assert rendered({"persistence": {"enabled": False}, "settings": {"INTAKE_STORAGE_URL": "s3://photos"}}, chart)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_commands_of_a_migration_exist(block):
    module = importlib.import_module(f"{block}.manage")
    commands = next(value for value in vars(module).values() if isinstance(value, click.Group)).commands
    documents = rendered({}, helm_schema.chart_of(block), block)
    pod = helm_check.pod_of(next(document for document in documents if document["kind"] == "Job"))
    asked = [container["command"] for container in (*pod["initContainers"], *pod["containers"])]
    assert [command[:3] for command in asked] == [["python", "-m", f"{block}.manage"]] * 2
    assert {command[3] for command in asked} <= set(commands)


def test_requests_and_events_can_be_handled_apart():
    documents = rendered({"mode": "split"}, helm_schema.chart_of("routing"), "routing")
    arguments = {
        document["metadata"]["name"]: helm_check.pod_of(document)["containers"][0]["args"]
        for document in documents
        if document["kind"] == "Deployment"
    }
    assert arguments == {"routing": ["--only", "api"], "routing-worker": ["--only", "worker"]}


def test_the_checks_find_what_they_are_there_for():
    documents = rendered({}, helm_schema.chart_of("routing"), "routing")
    settings_in(documents, "routing")["ROUTING_NONSENSE"] = "1"
    for document in documents:
        if document["kind"] == "Deployment":
            document["spec"]["replicaz"] = 2
            helm_check.pod_of(document)["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
        if document["kind"] == "Service":
            document["spec"]["selector"]["app.kubernetes.io/name"] = "rooting"
    found = "\n".join(helm_check.faults(documents))
    for expected in ("ROUTING_NONSENSE", "replicaz", "more rights", "selects nothing"):
        assert expected in found
