"""Runs the migrations of the sample block."""

from commonground import migrations
from commonground.database import new_metadata

migrations.run(new_metadata(), prefix="SAMPLE_")
