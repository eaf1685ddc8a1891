"""Runs the migrations of the gateway."""

from commonground import migrations
from gateway.tables import metadata

migrations.run(metadata, prefix="GATEWAY_")
