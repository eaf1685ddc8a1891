"""Intake under test, with its photos in a folder of the test."""

import pytest

import intake
from commonground.testing.plugin import BlockUnderTest
from intake.incoming import SUBSCRIPTIONS
from intake.main import create_app
from intake.settings import Settings


@pytest.fixture(scope="session")
def block(tmp_path_factory: pytest.TempPathFactory) -> BlockUnderTest:
    return BlockUnderTest(
        name="intake",
        package_file=str(intake.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=lambda _settings: list(SUBSCRIPTIONS),
        extra_settings={"rate_limit": "none", "storage_url": f"file://{tmp_path_factory.mktemp('photos')}"},
    )


@pytest.fixture
def report() -> dict:
    """The smallest report that is accepted."""
    return {
        "description": "De lantaarnpaal voor nummer 12 is stuk",
        "location": {"geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]}},
    }
