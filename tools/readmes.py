"""Writes the table of settings at the end of each block's README from its settings class.

python tools/readmes.py            write
python tools/readmes.py --check    exit 1 when a README is not what the code says
"""

import importlib
import sys
from pathlib import Path

from commonground.settings_table import render

ROOT = Path(__file__).resolve().parents[1]
HEADING = "## Settings\n\n"


def outdated() -> dict[Path, str]:
    """Return the READMEs that differ from the code, with what they should hold."""
    found = {}
    for package in sorted((ROOT / "services").glob("*/src/*/settings.py")):
        block = package.parent.name
        readme = ROOT / "services" / package.parents[2].name / "README.md"
        text = readme.read_text()
        wanted = text.split(HEADING)[0] + HEADING + render(importlib.import_module(f"{block}.settings").Settings)
        if wanted != text:
            found[readme] = wanted
    return found


def main() -> None:
    """Write or check, as the arguments say."""
    changes = outdated()
    if "--check" in sys.argv:
        print("\n".join(f"{path.relative_to(ROOT)} is not what the code says: make contracts" for path in changes))
        sys.exit(1 if changes else 0)
    for path, text in changes.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
