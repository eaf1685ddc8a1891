import subprocess
import sys
from pathlib import Path

SERVICE = Path(__file__).parents[2]


def test_vendored_files_are_the_ones_in_the_manifest():
    done = subprocess.run(
        [sys.executable, SERVICE / "vendor.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_vendored_file_asks_another_host():
    for path in (SERVICE / "src" / "gateway" / "static").rglob("*.css"):
        text = path.read_text()
        assert "@import" not in text.replace("@import layer", ""), path
        assert "url(http" not in text.replace('"', "").replace("'", ""), path
