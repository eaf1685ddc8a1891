"""The commands of the block, as an operator starts them."""

from click.testing import CliRunner

from routing.manage import main


def test_seed_fills_each_served_municipality_and_can_be_repeated(database_url, monkeypatch):
    monkeypatch.setenv("ROUTING_DATABASE_URL", database_url)

    first = CliRunner().invoke(main, ["seed"], catch_exceptions=False)
    second = CliRunner().invoke(main, ["seed"], catch_exceptions=False)

    assert first.output == "GM0106: 13 departments, 123 categories, 105 areas new\n"
    assert second.output == "GM0106: 0 departments, 0 categories, 0 areas new\n"
