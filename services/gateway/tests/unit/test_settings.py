"""Settings that would make a deployment unsafe are refused when it starts."""

import json

import pytest
from pydantic import ValidationError

from gateway.settings import Settings

PROVIDER = {"name": "entra", "label": "Gemeente", "issuer": "https://login.example", "client_id": "m"}


def made(**values):
    return Settings(database_url="postgresql://x/y", **values)


def test_a_site_over_https_needs_a_secret():
    with pytest.raises(ValidationError, match="a secret is required"):
        made(public_url="https://meldingen.example")
    assert made(public_url="https://meldingen.example", secret="x" * 32).over_https


def test_a_short_secret_is_refused():
    with pytest.raises(ValidationError, match="fewer than 32"):
        made(secret="short")


def test_a_proxy_that_is_no_network_is_refused():
    with pytest.raises(ValidationError):
        made(trusted_proxies="10.0.0.0/8, everybody")
    assert len(made(trusted_proxies="10.0.0.0/8, ::1").proxies) == 2


def test_two_providers_need_two_names():
    with pytest.raises(ValidationError, match="the same name"):
        made(providers=[PROVIDER, PROVIDER])


def test_providers_come_from_the_environment_as_json(monkeypatch):
    monkeypatch.setenv("GATEWAY_PROVIDERS", json.dumps([PROVIDER]))
    (provider,) = made().providers
    assert provider.link_by == ("email",)
    assert provider.emails_are_verified is False


def test_a_secret_of_a_provider_is_not_shown():
    settings = made(providers=[{**PROVIDER, "client_secret": "geheim"}], secret="s" * 40)
    assert "geheim" not in repr(settings)
    assert "s" * 40 not in repr(settings)


def test_a_block_that_is_not_deployed_has_no_address():
    settings = made(insight_url="", other_blocks={"archive": "http://archive:8080/"})
    assert "insight" not in settings.block_addresses
    assert settings.block_addresses["archive"] == "http://archive:8080"


def test_an_empty_address_in_the_environment_is_a_block_that_is_not_deployed(monkeypatch):
    monkeypatch.setenv("GATEWAY_INTAKE_URL", "http://intake:8080")
    monkeypatch.setenv("GATEWAY_INSIGHT_URL", "")  # as the charts say that a block is switched off
    assert made().block_addresses == {"intake": "http://intake:8080"}
