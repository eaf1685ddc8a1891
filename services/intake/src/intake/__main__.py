"""``python -m intake`` runs the block."""

from commonground import service
from intake.main import create_app
from intake.settings import Settings
from intake.worker import create_worker

service.run("intake", Settings, create_app, create_worker)
