"""Runs the migrations of notification."""

from commonground import migrations
from notification.tables import metadata

migrations.run(metadata, prefix="NOTIFICATION_")
