"""The page of delivery guarantees names tests, and each of them is there."""

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "integrators" / "delivery-guarantees.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_every_line_of_the_guarantees_names_a_test_that_exists():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "proven by |" not in line]
    assert len(rows) > 20
    unproven = [row for row in rows if not NAMED.search(row)]
    assert not unproven
    missing = [
        f"{file}::{name}" for row in rows for file, name in NAMED.findall(row) if name not in _functions(PROJECT / file)
    ]
    assert not missing


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
