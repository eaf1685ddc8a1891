"""Runs the migrations of classification."""

from classification.tables import metadata
from commonground import migrations

migrations.run(metadata, prefix="CLASSIFICATION_")
