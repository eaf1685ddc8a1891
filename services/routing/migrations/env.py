"""Runs the migrations of routing."""

from commonground import migrations
from routing.tables import metadata

migrations.run(metadata, prefix="ROUTING_")
