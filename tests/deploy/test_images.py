"""What the images are made of is in step with the root lock and with what the code imports. No Docker is needed."""

import ast
import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.utils import canonicalize_name

import image_locks

PROJECT = image_locks.PROJECT
BLOCKS = image_locks.blocks()
DISTRIBUTIONS = packages_distributions()


def dockerfile(block):
    return (PROJECT / "services" / block / "Dockerfile").read_text()


def packages_that(files):
    """Return the top-level packages that some modules import, those of the standard library left out."""
    found = set()
    for file in files:
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
    # Fixtures for tests are in the shared package, and their libraries are not in the images.
    shared = [file for file in (PROJECT / "shared/src").rglob("*.py") if "testing" not in file.parts]
    imported = packages_that([*(PROJECT / "services" / block / "src").rglob("*.py"), *shared])
    locked = set(image_locks.read_lock(image_locks.lock_of(block)))
    missing = {
        package
        for package in imported - {block, "commonground"}
        if not {canonicalize_name(name) for name in DISTRIBUTIONS.get(package, [])} & locked
    }
    assert not missing, f"name them in services/{block}/pyproject.toml, then run: python tools/image_locks.py"


def test_the_dockerfiles_differ_only_in_the_name_of_the_block():
    pattern = without_model(dockerfile("intake"))
    for block in BLOCKS:
        expected = pattern.replace("intake", block).replace("INTAKE", block.upper())
        assert without_model(dockerfile(block)) == expected, block


def without_model(text):
    """Return a Dockerfile without what only classification has: its model, made while the image is built."""
    lines = [line for line in text.splitlines() if not line.startswith(("# The model", "RUN cd /app/src"))]
    return "\n".join(lines).replace(" CLASSIFICATION_MODEL_FOLDER=/app/model", "")


@pytest.mark.parametrize("block", BLOCKS)
def test_an_image_runs_as_a_number_and_says_how_healthy_it_is(block):
    text = dockerfile(block)
    final = text[text.rindex("\nFROM ") :]
    assert "\nUSER 10001:10001\n" in final
    assert "\nHEALTHCHECK " in final
    assert f'\nENTRYPOINT ["python", "-m", "{block}"]\n' in final
    assert "://" not in text
    assert "://" not in image_locks.lock_of(block).read_text()


def test_nothing_that_is_deployed_names_a_folder_of_this_machine():
    for folder in ("deploy/images", "deploy/helm"):
        for file in (PROJECT / folder).rglob("*"):
            assert file.is_dir() or str(PROJECT) not in file.read_text(), file
