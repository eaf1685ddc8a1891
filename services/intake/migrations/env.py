"""Runs the migrations of intake."""

from commonground import migrations
from intake.tables import metadata

migrations.run(metadata, prefix="INTAKE_")
