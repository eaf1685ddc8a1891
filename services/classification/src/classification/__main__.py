"""``python -m classification`` runs the block."""

from classification.main import create_app
from classification.settings import Settings
from classification.worker import create_worker
from commonground import service

service.run("classification", Settings, create_app, create_worker)
