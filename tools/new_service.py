"""Makes a new block that works: `make new-service NAME=permits`.

It listens to reports, counts them per municipality and answers with the numbers: one small thing in each room, to be
replaced. Its tests, types and import rules pass from the first minute, and `make up` starts it with the others.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from string import Template

PROJECT = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).with_name("new_service_template")
# What is the same in every block is taken from one that exists, so that it never falls behind.
MODEL = "insight"
COPIED = (
    "Dockerfile",
    "alembic.ini",
    "migrations/env.py",
    "migrations/script.py.mako",
    "src/insight/__main__.py",
    "src/insight/worker.py",
)
LAST = "gateway"  # the block behind which a new one is listed
_NAME = re.compile(r"[a-z][a-z0-9]{2,30}")


def main() -> int:
    """Make the block that the first argument names."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    folder = PROJECT / "services" / name
    if not _NAME.fullmatch(name):
        print("A block has a name of 3 to 31 small letters and digits: make new-service NAME=permits", file=sys.stderr)
        return 1
    if folder.exists():
        print(f"services/{name} exists already", file=sys.stderr)
        return 1
    write_block(name, folder)
    write_chart(name)
    register(name)
    python = PROJECT / ".venv" / "bin" / "python"
    tidy(name, python)
    print(
        f"services/{name} is there. Next:\n"
        f"  make test SERVICE={name}   its own tests, with nothing else installed\n"
        "  make lint contracts        rules and contracts of all blocks, its own among them\n"
        "  make up                    starts it with the others\n"
        f"Then replace the example, write services/{name}/README.md, and decide whether the gateway shows it."
    )
    return 0


def write_block(name: str, folder: Path) -> None:
    """Write the folder of the block."""
    for source in sorted(TEMPLATE.rglob("*.tmpl")):
        place = source.relative_to(TEMPLATE).with_suffix("")
        if place.parts[0] == "src":
            place = Path("src", name, *place.parts[1:])
        text = Template(source.read_text()).safe_substitute(
            block=name, BLOCK=name.upper(), imports_main=_imports_of_main(name)
        )
        _write(folder / place, text)
    for copied in COPIED:
        text = (PROJECT / "services" / MODEL / copied).read_text()
        _write(folder / copied.replace(MODEL, name), _renamed(text, name))


def _imports_of_main(name: str) -> str:
    lines = [
        f"from {name}.api import counts",
        f"from {name}.problems import PROBLEMS",
        f"from {name}.settings import Settings",
    ]
    return "\n".join(lines)


def _renamed(text: str, name: str) -> str:
    return text.replace(MODEL.upper(), name.upper()).replace(MODEL.title(), name.title()).replace(MODEL, name)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def write_chart(name: str) -> None:
    """Write its Helm chart and list it in the umbrella."""
    charts = PROJECT / "deploy" / "helm"
    model = charts / f"meldstroom-{MODEL}"
    for file in model.rglob("*"):
        if file.is_file() and "charts" not in file.relative_to(model).parts:
            _write(charts / f"meldstroom-{name}" / file.relative_to(model), _renamed(file.read_text(), name))
    umbrella = charts / "meldstroom"
    _edit(
        umbrella / "Chart.yaml",
        lambda text: (
            text.rstrip("\n") + f"\n  - name: meldstroom-{name}\n    alias: {name}\n    version: 0.1.0\n"
            f"    repository: file://../meldstroom-{name}\n    condition: global.blocks.{name}.enabled\n"
        ),
    )
    _edit(
        umbrella / "values.yaml",
        lambda text: re.sub(rf"(?m)^(    {MODEL}: .*\n)", rf"\1    {name}: {{enabled: true}}\n", text, count=1),
    )


def register(name: str) -> None:
    """List the block wherever the blocks are listed."""
    _edit(PROJECT / "pyproject.toml", lambda text: registered(text, name))
    _edit(
        PROJECT / "tools" / "contracts.py",
        lambda text: re.sub(r'(?m)^(BLOCKS = \(.*"gateway")\)', rf'\1, "{name}")', text),
    )


def registered(text: str, name: str) -> str:
    """Return the root pyproject.toml with the block in every list that names the last one."""
    text = text.replace(f'"meldstroom-{LAST}",', f'"meldstroom-{LAST}",\n    "meldstroom-{name}",')
    source = f"meldstroom-{LAST} = {{ workspace = true }}\n"
    text = text.replace(source, source + source.replace(LAST, name))
    text = re.sub(rf'"services/{LAST}/src",', f'"services/{LAST}/src", "services/{name}/src",', text)
    text = re.sub(rf"services/{LAST}/src:", f"services/{LAST}/src:services/{name}/src:", text)
    return re.sub(rf'"{LAST}"(?=[,\]])', f'"{LAST}", "{name}"', text)


def tidy(name: str, python: Path) -> None:
    """Install the block, render the table of settings, and put imports in order."""
    folder = PROJECT / "services" / name
    install = f"pip install --quiet --no-deps --no-build-isolation --python {python} --editable {folder}"
    subprocess.run([str(python.with_name("uv")), *install.split()], check=True)
    table = subprocess.run(
        [str(python), "-m", f"{name}.manage", "settings"], check=True, capture_output=True, text=True
    )
    readme = folder / "README.md"
    readme.write_text(readme.read_text() + table.stdout)
    ruff = str(python.with_name("ruff"))
    subprocess.run([ruff, "check", "--quiet", "--fix", "--select", "I", str(folder)], check=True)
    subprocess.run([ruff, "format", "--quiet", str(folder)], check=True)
    subprocess.run([str(python), str(PROJECT / "tools" / "image_locks.py")], check=True)
    render = "import helm_schema; [file.write_text(text) for file, text in helm_schema.render().items()]"
    subprocess.run([str(python), "-c", render], check=True, cwd=PROJECT / "tools")


def _edit(file: Path, change: Callable[[str], str]) -> None:
    text = file.read_text()
    changed = change(text)
    if changed == text:
        print(
            f"{file.relative_to(PROJECT)} has another shape than expected: list the block there by hand",
            file=sys.stderr,
        )
    file.write_text(changed)


if __name__ == "__main__":
    sys.exit(main())
