"""Renders the contracts of all blocks, and checks what is committed.

python tools/contracts.py            write contracts/ anew
python tools/contracts.py --check    exit 1 when contracts/ is not what the code says
python tools/contracts.py --release  keep contracts/ as those of the version in pyproject.toml
All of them exit 1 when a change since the newest release is not additive.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

import compatibility

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "contracts"
BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight", "gateway")

_HEADERS: dict[str, tuple[str, str, bool]] = {
    "ce_specversion": ("Version of CloudEvents", "1.0", True),
    "ce_id": ("Unique together with the source; the same when an event is published again", "", True),
    "ce_source": ("Who published it", "urn:nld:oin:00000001823288444000:systeem:meldstroom-intake", True),
    "ce_type": ("What happened", "nl.meldstroom.intake.report-submitted", True),
    "ce_subject": ("What it is about: id of the report, case, message or user", "", True),
    "ce_time": ("When it was written to the outbox; when it happened stands in the data", "", True),
    "ce_partitionkey": ("The record key: order holds per key", "", True),
    "ce_sequence": ("Version of the aggregate in this stream, sorts as text", "000000000001", True),
    "ce_sequencetype": ("How to read the sequence", "Integer", True),
    "ce_dataschema": ("Which schema the data follow", "", True),
    "ce_traceparent": ("W3C trace context of what caused it", "", False),
    "content-type": ("Of the value", "application/json", True),
}


def render(folder: Path) -> None:
    """Write all contract files below ``folder``."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}

    def of_block(block: str) -> None:
        command = [sys.executable, "-m", f"{block}.manage", "contracts", str(folder)]
        subprocess.run(command, check=True, env=environment, cwd=ROOT)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(of_block, BLOCKS))
    _join(folder)


def _join(folder: Path) -> None:
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Meldstroom events",
            "version": "1.0.0",
            "description": (
                "Everything that happens to a report about public space, as CloudEvents 1.0 (NL GOV profile 1.1) in "
                "Kafka binary mode. A change within a version is additive: ignore fields that you do not know."
            ),
            "contact": {
                "name": "Meldstroom community",
                "url": "https://github.com/meldstroom/meldstroom",
                "email": "meldstroom@example.org",
            },
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
            "tags": [
                {"name": "tier:open", "description": "Ids, category, place, status, times"},
                {"name": "tier:restricted", "description": "Free text, answers, notes"},
                {"name": "tier:personal", "description": "Names, e-mail, phone"},
            ],
        },
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": {"CloudEventHeaders": _header_schema()}},
    }
    parts = folder / "parts"
    for block in BLOCKS:
        part = json.loads((parts / f"{block}.json").read_text())
        document["channels"].update(part["channels"])
        document["operations"].update(part["operations"])
        document["components"]["messages"].update(part["messages"])
        (parts / f"{block}.json").unlink()
    parts.rmdir()
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    (folder / "asyncapi.yaml").write_text(
        "# Rendered by `make contracts` from the code of the blocks; do not edit.\n" + text
    )


def _header_schema() -> dict[str, Any]:
    properties = {}
    for name, (description, example, _required) in _HEADERS.items():
        properties[name] = {"type": "string", "description": description}
        if example:
            properties[name]["examples"] = [example]
    required = [name for name, (_description, _example, needed) in _HEADERS.items() if needed]
    return {"type": "object", "required": required, "properties": properties}


def differences(fresh: Path, committed: Path) -> list[str]:
    """Return the files that differ, are missing or are no longer rendered."""
    names = {str(path.relative_to(root)) for root in (fresh, committed) for path in root.rglob("*") if path.is_file()}
    names -= {name for name in names if name.startswith(("recordings/", "released/", "README"))}
    found = []
    for name in sorted(names):
        one, other = fresh / name, committed / name
        if not other.exists():
            found.append(f"{name}: not committed")
        elif not one.exists():
            found.append(f"{name}: no longer rendered")
        elif not filecmp.cmp(one, other, shallow=False):
            found.append(f"{name}: differs")
    return found


def refuse_what_is_not_additive() -> None:
    """Print each change since the newest release that is not additive, and exit 1 when there is one."""
    release = compatibility.newest_release(CONTRACTS)
    found = compatibility.refused(release, CONTRACTS) if release else []
    if release and found:
        print(f"not additive since release {release.name}; those who use it would break:")
        print("\n".join(f"  {change}" for change in found))
        sys.exit(1)


def release() -> None:
    """Keep contracts/ as they are now under the version of the project; a release is never changed afterwards."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    folder = CONTRACTS / compatibility.RELEASED / version
    if folder.exists():
        print(f"version {version} has been released: raise the version in pyproject.toml first")
        sys.exit(1)
    folder.mkdir(parents=True)
    shutil.copy(CONTRACTS / "asyncapi.yaml", folder)
    for part in ("events", "openapi"):
        shutil.copytree(CONTRACTS / part, folder / part)
    print(f"released contracts {version}")


def main() -> None:
    """Render, check or release, as the arguments say."""
    if "--release" in sys.argv:
        refuse_what_is_not_additive()
        release()
        return
    if "--check" not in sys.argv:
        render(CONTRACTS)
        print(f"rendered {sum(1 for path in CONTRACTS.rglob('*') if path.is_file())} files into contracts/")
        refuse_what_is_not_additive()
        return
    with tempfile.TemporaryDirectory() as folder:
        render(Path(folder))
        found = differences(Path(folder), CONTRACTS)
    if found:
        print("contracts/ is not what the code says; run `make contracts` and commit the result:")
        print("\n".join(f"  {line}" for line in found))
        sys.exit(1)
    refuse_what_is_not_additive()
    print("contracts/ is what the code says")


if __name__ == "__main__":
    main()
