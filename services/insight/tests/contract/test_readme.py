"""The table of settings in the README is the one that the code renders."""

from pathlib import Path

from commonground import settings_table
from insight.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def test_the_settings_in_the_readme_are_those_of_the_code():
    assert README.read_text().endswith(settings_table.render(Settings))
