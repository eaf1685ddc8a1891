"""Runs the migrations of handling."""

from commonground import migrations
from handling.tables import metadata

migrations.run(metadata, prefix="HANDLING_")
