"""Alerts and dashboard ask for metrics that the blocks publish, and fire when they should."""

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight", "gateway")
PROMTOOL = shutil.which("promtool")


@pytest.fixture(scope="module")
def published() -> set[str]:
    """Names of all metrics, with the endings that Prometheus gives to counters and histograms."""
    for block in BLOCKS:
        importlib.import_module(f"{block}.worker")
        importlib.import_module(f"{block}.main")
    return {name for family in REGISTRY._names_to_collectors for name in (family, f"{family}_total")}


def _asked(expressions: list[str]) -> set[str]:
    return {name for expression in expressions for name in re.findall(r"meldstroom_\w+", expression)}


def test_every_alert_asks_for_a_metric_that_there_is(published):
    rules = [rule for group in yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"] for rule in group["rules"]]
    assert _asked([rule["expr"] for rule in rules]) <= published
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in rules)


def test_every_panel_asks_for_a_metric_that_there_is(published):
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    assert _asked([target["expr"] for panel in panels for target in panel["targets"]]) <= published


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("arguments", [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]])
def test_promtool_takes_the_rules(arguments):
    done = subprocess.run([str(PROMTOOL), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
