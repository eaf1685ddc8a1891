"""Lints, renders and validates the Helm charts; `make helm` calls it.

    python tools/helm_check.py                    check everything
    python tools/helm_check.py --write            first write the schemas of the values anew
    python tools/helm_check.py --package FOLDER   afterwards write the charts as archives, each with what it needs
    python tools/helm_check.py --render FILE      print what the suite's chart makes of a file with values

Needs no cluster, no Docker and no network: Helm itself comes as a Python package.
"""

import argparse
import functools
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate  # type: ignore[import-untyped]  # publishes no types
import yaml

import helm_schema

CHARTS = helm_schema.CHARTS
LIBRARY = helm_schema.LIBRARY
UMBRELLA = helm_schema.UMBRELLA
EXAMPLES = CHARTS / "examples"
NAMESPACE = "meldstroom"

# The oldest Kubernetes that the charts are for (`kubeVersion`), and the newest whose schemas we have.
OLDEST = "1.29.0"
NEWEST = str(kubernetes_validate.latest_version())
# Kinds that Kubernetes knows only where an operator brought them, so it has no schema for them.
FOREIGN = {"ServiceMonitor"}
_WARNING = 2
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# It reads two megabytes of JSON for every object otherwise.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

Document = dict[str, Any]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One rendering: which chart, with which values."""

    title: str
    chart: Path
    values: Values = field(default_factory=dict)
    release: str = "meldstroom"

    def render(self) -> list[Document]:
        """Return the Kubernetes objects; raise `helm_python.HelmError` when Helm refuses."""
        with helm_python.Chart.load(whole(self.chart)) as chart:
            rendered = chart.render(dict(self.values), name=self.release, namespace=NAMESPACE)
        return [document for text in rendered.values() for document in yaml.load_all(text, _LOADER) if document]


@functools.cache
def _copies() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="meldstroom-charts-")


@functools.cache
def whole(chart: Path) -> Path:
    """Return a copy of a chart that holds the charts it needs, where we have links to them.

    Helm follows the links too, but writes a line for each of them each time.
    """
    copy = Path(_copies().name) / chart.name
    shutil.copytree(chart, copy, symlinks=False)
    return copy


def main() -> int:
    """Check the charts; return 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--package", type=Path, metavar="FOLDER")
    parser.add_argument("--render", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.render:
        yaml.safe_dump_all(Case("", UMBRELLA, _read(given.render)).render(), sys.stdout, sort_keys=False)
        return 0
    if given.write:
        for file, text in helm_schema.render().items():
            file.write_text(text)
    wrong = [*stale_schemas(), *lint()]
    number = 0
    for case in cases():
        try:
            documents = case.render()
        except helm_python.HelmError as error:
            wrong.append(f"{case.title}: {error}")
            continue
        number += len(documents)
        wrong += [f"{case.title}: {fault}" for fault in faults(documents)]
    for fault in wrong:
        print(fault, file=sys.stderr)
    verdict = f"{len(wrong)} faults" if wrong else "all valid"
    print(f"{len(charts())} charts, {len(cases())} renderings, {number} objects: {verdict}")
    print(f"Checked against Kubernetes {OLDEST} and {NEWEST}")
    if given.package and not wrong:
        package(given.package)
    return 1 if wrong else 0


def charts() -> list[Path]:
    """Return the folders of all charts."""
    return [LIBRARY, *(helm_schema.chart_of(block) for block in helm_schema.blocks()), UMBRELLA]


def stale_schemas() -> list[str]:
    """Tell which schemas of values are not what the settings classes say."""
    return [
        f"{file.relative_to(CHARTS)} is not what the settings say: run `make helm ARGS=--write`"
        for file, text in helm_schema.render().items()
        if not file.exists() or file.read_text() != text
    ]


def lint() -> list[str]:
    """Return what Helm's own linter finds, warnings too."""
    found = []
    for chart in charts():
        report = helm_python.lint(whole(chart), strict=True, with_subcharts=False, kube_version=f"v{OLDEST}")
        found += [f"{chart.name}: {error}" for error in report["errors"]]
        found += [
            f"{chart.name}: {message['path']}: {message['error']}"
            for message in report["messages"]
            if message["severity"] >= _WARNING
        ]
    return sorted(set(found))


def cases() -> list[Case]:
    """Return every rendering that has to be valid."""
    blocks = helm_schema.blocks()
    everything = {
        "mode": "split",
        "migration": {"mode": "init"},
        "autoscaling": {"enabled": True},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "ingress": {"enabled": True, "host": "meldstroom.example", "className": "nginx", "tlsSecret": "tls"},
        "persistence": {"enabled": True, "storageClassName": "shared"},
        "imagePullSecrets": [{"name": "registry"}],
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": "/ca/ca.crt"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
    }
    return [
        *(Case(f"{block} alone", helm_schema.chart_of(block), release=block) for block in blocks),
        *(Case(f"{block} with everything", helm_schema.chart_of(block), everything) for block in blocks),
        Case("suite", UMBRELLA),
        *(Case(f"suite without {block}", UMBRELLA, without(block)) for block in blocks),
        *(Case(f"suite with {file.name}", UMBRELLA, _read(file)) for file in sorted(EXAMPLES.glob("*.yaml"))),
    ]


def without(block: str) -> Values:
    """Return the values that switch a block off."""
    return {"global": {"blocks": {block: {"enabled": False}}}}


def faults(documents: Sequence[Document]) -> Iterator[str]:
    """Tell what is wrong with the objects of one rendering."""
    names = Counter((document["kind"], document["metadata"]["name"]) for document in documents)
    yield from (f"{kind} {name} occurs {number} times" for (kind, name), number in names.items() if number > 1)
    for document in documents:
        title = f"{document['kind']} {document['metadata']['name']}"
        yield from (f"{title}: {fault}" for fault in _of_object(document))
    yield from _unselected(documents)


def _of_object(document: Document) -> Iterator[str]:
    if document["kind"] == "Secret":
        yield "secrets do not belong in a chart"
    yield from _invalid(json.dumps(document, sort_keys=True))
    block = document["metadata"]["labels"]["app.kubernetes.io/name"]
    prefix = block.upper().replace("-", "_") + "_"
    # `extraEnv` may hold what is no setting, for instance the file with trusted certificates.
    named = {name for name in environment(document) if name.startswith(prefix) or document["kind"] == "ConfigMap"}
    unknown = sorted(named - set(helm_schema.variables(block)))
    if unknown:
        yield f"{block} has no such setting: {', '.join(unknown)}"
    pod = pod_of(document)
    if pod:
        yield from _unrestricted(pod)


@functools.cache
def _invalid(text: str) -> list[str]:
    """Tell what Kubernetes' schemas have against an object; remembered, since most renderings share most objects."""
    document = json.loads(text)
    found = []
    for version in (OLDEST, NEWEST) if document["kind"] not in FOREIGN else ():
        try:
            kubernetes_validate.validate(document, version.rsplit(".", 1)[0], strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            found.append(f"not valid for Kubernetes {version}: {str(error).splitlines()[0]}")
    return found


def environment(document: Document) -> list[str]:
    """Return the names of the environment variables that an object sets."""
    if document["kind"] == "ConfigMap":
        return list(document["data"])
    return [variable["name"] for container in _containers(document) for variable in container.get("env", [])]


def pod_of(document: Document) -> Document:
    """Return the specification of the pods that an object starts; empty when it starts none."""
    if document["kind"] not in {"Deployment", "Job"}:
        return {}
    pod: Document = document["spec"]["template"]["spec"]
    return pod


def _containers(document: Document) -> list[Document]:
    pod = pod_of(document)
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def _unrestricted(pod: Document) -> Iterator[str]:
    """Tell where pods may do more than the level `restricted` of the Pod Security Standards allows, and a bit more."""
    outer = pod["securityContext"]
    if not outer.get("runAsNonRoot") or outer.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "may run as root or without seccomp"
    if pod.get("automountServiceAccountToken") is not False or pod.get("enableServiceLinks") is not False:
        yield "gets a token of Kubernetes or variables of other services"
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        inner = container["securityContext"]
        if (
            inner.get("allowPrivilegeEscalation") is not False
            or inner.get("capabilities") != {"drop": ["ALL"]}
            or not inner.get("readOnlyRootFilesystem")
        ):
            yield f"container {container['name']} has more rights than it needs"
        if not {"requests", "limits"} <= set(container["resources"]):
            yield f"container {container['name']} asks for no resources"


def _unselected(documents: Sequence[Document]) -> Iterator[str]:
    """Tell which selectors find no pod of the same rendering."""
    pods = [document["spec"]["template"]["metadata"]["labels"] for document in documents if pod_of(document)]
    services = [document["metadata"]["labels"] for document in documents if document["kind"] == "Service"]
    for document in documents:
        spec, kind = document.get("spec", {}), document["kind"]
        wanted = spec.get("podSelector" if kind == "NetworkPolicy" else "selector", {})
        wanted = wanted.get("matchLabels", wanted)
        targets = services if kind == "ServiceMonitor" else pods
        if wanted and not any(wanted.items() <= labels.items() for labels in targets):
            yield f"{kind} {document['metadata']['name']} selects nothing"
        if kind == "HorizontalPodAutoscaler" and not any(
            other["kind"] == "Deployment"
            and other["metadata"]["name"] == spec["scaleTargetRef"]["name"]
            and "replicas" not in other["spec"]
            for other in documents
        ):
            yield f"{kind} {document['metadata']['name']} scales nothing, or something with a fixed number"


def package(folder: Path) -> None:
    """Write every chart that can be installed as an archive that holds the charts it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts():
        if chart != LIBRARY:
            print(helm_python.package(whole(chart), destination=folder))


def _read(file: Path) -> Values:
    values: Values = yaml.safe_load(file.read_text()) or {}
    return values


if __name__ == "__main__":
    helm_python.disable_logging()
    sys.exit(main())
