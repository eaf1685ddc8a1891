"""Runs the migrations of insight."""

from commonground import migrations
from insight.tables import metadata

migrations.run(metadata, prefix="INSIGHT_")
