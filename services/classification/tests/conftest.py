"""Classification under test. The model is trained once and kept in the user's cache folder between runs."""

from uuid import uuid4

import pytest

import classification
from classification import use_cases
from classification.incoming import subscriptions
from classification.main import create_app
from classification.model.predictor import Predictor, load_now
from classification.settings import Settings
from commonground.testing.plugin import BlockUnderTest


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="classification",
        package_file=str(classification.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=lambda settings: list(subscriptions(settings)),
    )


@pytest.fixture(scope="session")
def model() -> Predictor:
    """The starter model."""
    return load_now(Settings(database_url="postgresql://none/none"))


@pytest.fixture
async def seeded(database) -> None:
    """The starter tree in the database."""
    async with database.transaction() as session:
        await use_cases.seed_categories(session, "GM0106")


@pytest.fixture
def report_id() -> str:
    return str(uuid4())
