"""Notification under test, with a real mail server that does as it is told."""

from uuid import UUID, uuid4

import pytest

import notification
from commonground.testing.plugin import BlockUnderTest
from notification.incoming import subscriptions
from notification.main import create_app
from notification.settings import Settings


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="notification",
        package_file=str(notification.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=subscriptions,
        extra_settings={"smtp_connections": 2, "poll": 0.02, "smtp_timeout": 2, "lease": 8, "retry_first": 0.05},
    )


@pytest.fixture
def report_id() -> UUID:
    return uuid4()
