"""What the tests of images and charts share: the tools behind `make helm` and `make lock`."""

import sys
from pathlib import Path

# At the end, so that `tools/test.py` does not hide the module of the standard library.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))
