"""Handling under test."""

import pytest

import handling
from commonground.testing.plugin import BlockUnderTest
from handling.incoming import SUBSCRIPTIONS
from handling.main import create_app
from handling.settings import Settings


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="handling",
        package_file=str(handling.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=lambda _settings: list(SUBSCRIPTIONS),
        extra_settings={"external_targets": "sweepers"},
    )
