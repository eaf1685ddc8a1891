"""What the images are made of is in step with the root lock and with what the code imports. No Docker is needed."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import image_locks
import pytest
from packaging.utils import canonicalize_name

PROJECT = image_locks.PROJECT
BLOCKS = image_locks.blocks()
DISTRIBUTIONS = packages_distributions()
# Written in the Dockerfile of classification alone: its model is made while the image is built.
MODEL = ("model", "CLASSIFICATION_MODEL_FOLDER")


def dockerfile(block):
    return (PROJECT / "services" / block / "Dockerfile").read_text()


def packages_that(folder):
    """Return the top-level packages that the modules below a folder import."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module)
    return {name.split(".")[0] for name in found} - set(sys.stdlib_module_names)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_lock_of_a_block_is_in_step_with_the_root_lock(block):
    assert image_locks.lock_of(block).read_text() == image_locks.render(block), "run: python tools/image_locks.py"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_pin_of_an_image_has_its_hashes_from_the_root_lock(block):
    root = image_locks.read_lock(image_locks.ROOT_LOCK)
    pins = image_locks.read_lock(image_locks.lock_of(block))
    assert {"fastapi", "sqlalchemy", "asyncpg", "confluent-kafka"} <= set(pins)
    assert not {"pytest", "mypy", "ruff", "playwright"} & set(pins)
    for name, entries in pins.items():
        assert set(entries) <= set(root[name])
        assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_image_holds_every_package_that_its_code_imports(block):
    shared = PROJECT / "shared" / "src" / "commonground"
    imported = packages_that(PROJECT / "services" / block / "src")
    for part in shared.iterdir():
        # Fixtures for tests are in the package, and their libraries are not in the images.
        if part.name != "testing":
            imported |= packages_that(part) if part.is_dir() else packages_that_file(part)
    locked = set(image_locks.read_lock(image_locks.lock_of(block)))
    missing = {
        package
        for package in imported - {block, "commonground"}
        if not {canonicalize_name(name) for name in DISTRIBUTIONS.get(package, [])} & locked
    }
    assert not missing, f"name them in services/{block}/pyproject.toml, then run: python tools/image_locks.py"


def packages_that_file(file):
    if file.suffix != ".py":
        return set()
    tree = ast.parse(file.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)


def test_the_dockerfiles_differ_only_in_the_name_of_the_block():
    pattern = without_model(dockerfile("intake"))
    for block in BLOCKS:
        expected = pattern.replace("intake", block).replace("INTAKE", block.upper())
        assert without_model(dockerfile(block)) == expected, block


def without_model(text):
    kept = [line.split(" CLASSIFICATION_MODEL_FOLDER")[0] for line in text.splitlines() if not line.startswith("# The model")]
    return "\n".join(line for line in kept if "classification.manage train" not in line and not line.startswith("RUN cd"))


@pytest.mark.parametrize("block", BLOCKS)
def test_an_image_runs_as_a_number_and_says_how_healthy_it_is(block):
    text = dockerfile(block)
    final = text[text.rindex("\nFROM ") :]
    assert "\nUSER 10001:10001\n" in final
    assert "\nHEALTHCHECK " in final
    assert f'\nENTRYPOINT ["python", "-m", "{block}"]\n' in final
    assert "://" not in text
    assert "://" not in image_locks.lock_of(block).read_text()


def test_the_tool_that_makes_the_locks_names_no_file_of_this_machine():
    for folder in ("deploy/images", "deploy/helm"):
        for file in Path(PROJECT / folder).rglob("*"):
            if file.is_file() and file.suffix not in {".tgz"}:
                assert str(PROJECT) not in file.read_text(), file
