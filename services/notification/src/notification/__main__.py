"""``python -m notification`` runs the block."""

from commonground import service
from notification.main import create_app
from notification.settings import Settings
from notification.worker import create_worker

service.run("notification", Settings, create_app, create_worker)
