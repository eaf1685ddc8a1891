"""Copy the browser libraries that the pages use out of their npm packages.

The gateway serves everything itself: no visitor's browser ever asks another host. What is copied
lies in ``src/gateway/static/vendor/<name>-<version>/`` and is committed, so that neither building
nor running needs Node. ``vendor.json`` holds the SHA-256 of every package and of every copied file.

    python vendor.py            # fetch the packages, refuse another content, copy the files
    python vendor.py --check    # compare what is committed with the manifest, no network
    python vendor.py --trust    # after a change of versions: write new sums into the manifest
"""
# ruff: noqa: INP001 - a script beside the package, not part of it

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = HERE / "vendor.json"
TARGET = HERE / "src" / "gateway" / "static" / "vendor"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def pack(name: str, version: str, folder: Path) -> bytes:
    """Fetch one package with npm, from whatever registry npm is configured for."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to renew the vendored files; using them does not need it")
    done = subprocess.run(  # noqa: S603 - names and versions come from our own manifest
        [npm, "pack", "--silent", "--pack-destination", str(folder), f"{name}@{version}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return (folder / done.stdout.strip().splitlines()[-1]).read_bytes()


def read_members(archive: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """Return the content of the wanted members, under the names that they get here."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for inside, outside in wanted.items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                sys.exit(f"{inside} is not in the package")
            found[outside] = member.read()
    return found


def copy_packages(*, trust: bool) -> None:
    """Fetch every package of the manifest and copy the wanted files."""
    manifest = json.loads(MANIFEST.read_text())
    with tempfile.TemporaryDirectory() as folder:
        for package in manifest["packages"]:
            data = pack(package["name"], package["version"], Path(folder))
            if trust:
                package["sha256"] = sha256(data)
            elif package["sha256"] != sha256(data):
                sys.exit(f"{package['name']}: the package is not the one in the manifest")
            archive = Path(folder) / "package.tgz"
            archive.write_bytes(data)
            target = TARGET / package["folder"]
            shutil.rmtree(target, ignore_errors=True)
            wanted = {inside: entry["as"] for inside, entry in package["files"].items()}
            for name, content in read_members(archive, wanted).items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(content)
            for entry in package["files"].values():
                entry["sha256"] = sha256((target / entry["as"]).read_bytes())
    if trust:
        MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")
    check()


def check() -> None:
    """End with an error when a committed file is missing, changed or not in the manifest."""
    expected = {
        f"{package['folder']}/{entry['as']}": entry["sha256"]
        for package in json.loads(MANIFEST.read_text())["packages"]
        for entry in package["files"].values()
    }
    present = {str(path.relative_to(TARGET)): sha256(path.read_bytes()) for path in TARGET.rglob("*") if path.is_file()}
    if expected != present:
        different = sorted(set(expected.items()) ^ set(present.items()))
        sys.exit("vendored files differ from vendor.json: " + ", ".join(n for n, _ in different))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Vendored browser libraries")
    parser.add_argument("--check", action="store_true", help="compare with the manifest only")
    parser.add_argument("--trust", action="store_true", help="write new sums into the manifest")
    arguments = parser.parse_args()
    if arguments.check:
        check()
    else:
        copy_packages(trust=arguments.trust)


if __name__ == "__main__":
    main()
