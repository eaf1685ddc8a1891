"""The tables of settings in the READMEs are what the code says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_readme_ends_with_the_settings_of_its_block():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "readmes.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
