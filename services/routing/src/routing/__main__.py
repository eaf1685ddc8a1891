"""``python -m routing`` runs the block."""

from commonground import service
from routing.main import create_app
from routing.settings import Settings
from routing.worker import create_worker

service.run("routing", Settings, create_app, create_worker)
