"""A provider that is away, wrong or missing keeps nobody from the rest of the site."""

import httpx
import pytest
from asgi_lifespan import LifespanManager

from commonground.database import Database
from gateway.main import create_app
from gateway.settings import Provider


@pytest.fixture
def site(settings):
    """Start the gateway with other providers; gives a browser."""

    class Site:
        def __init__(self, *providers):
            changed = settings.model_copy(update={"providers": tuple(providers), "provider_timeout": 0.5})
            self.app = create_app(changed, Database(changed, name="test-site"))

        async def __aenter__(self):
            self.lifespan = LifespanManager(self.app)
            await self.lifespan.__aenter__()
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            return httpx.AsyncClient(transport=transport, base_url="http://block.test")

        async def __aexit__(self, *error):
            await self.lifespan.__aexit__(*error)

    return Site


def at(issuer: str, name: str = "dev", **more) -> Provider:
    return Provider(name=name, label=f"Aanbieder {name}", issuer=issuer, client_id="meldstroom", **more)


async def test_a_provider_that_is_away_gives_a_page_that_says_so(site):
    async with site(at("http://127.0.0.1:9")) as browser:
        answer = await browser.get("/inloggen")
        assert answer.status_code == 503
        assert "antwoordt nu niet" in answer.text
        assert (await browser.get("/healthz")).status_code == 200


async def test_a_provider_whose_document_names_another_issuer_is_not_used(site, provider):
    async with site(at(provider.replace("127.0.0.1", "localhost"))) as browser:
        # The development provider calls itself by the name it is asked under, so both agree here.
        assert (await browser.get("/inloggen")).status_code == 303
    async with site(at(f"{provider}/v2.0")) as browser:
        assert (await browser.get("/inloggen")).status_code == 503


async def test_with_several_providers_the_visitor_chooses(site, provider):
    async with site(at(provider), at("http://127.0.0.1:9", "contractors")) as browser:
        page = await browser.get("/inloggen?terug=/behandelen?status=reported")
        assert page.status_code == 200
        assert "Inloggen met Aanbieder contractors" in page.text
        assert "/inloggen?aanbieder=dev&amp;terug=%2Fbehandelen%3Fstatus%3Dreported" in page.text
        chosen = await browser.get("/inloggen?aanbieder=dev")
        assert chosen.headers["location"].startswith(f"{provider}/oauth2/authorize?")


async def test_without_a_provider_the_page_says_what_is_missing(site):
    async with site() as browser:
        assert "nog geen inlogdienst" in (await browser.get("/inloggen")).text


async def test_a_second_provider_cannot_hand_out_the_first_ones_people(site, provider, seeded):
    """Ada is expected from the first provider; an account of another one with her address is a stranger."""
    async with site(
        at("http://127.0.0.1:9", "municipality"), at(provider, "contractors", client_secret="x")
    ) as browser:
        leave = await browser.get("/inloggen?aanbieder=contractors")
        async with httpx.AsyncClient() as elsewhere:
            back = await elsewhere.post(leave.headers["location"], data={"sub": "administrator"})
        path = back.headers["location"].removeprefix("http://127.0.0.1:8000")
        assert (await browser.get(path)).status_code == 403


async def test_pages_may_lead_forms_to_the_providers_and_nowhere_else(site, provider):
    async with site(at(provider)) as browser:
        policy = (await browser.get("/inloggen?aanbieder=none&terug=/x")).headers.get("content-security-policy", "")
        policy = policy or (await browser.get("/privacy")).headers["content-security-policy"]
        page = await browser.get("/privacy")
        assert f"form-action 'self' {provider}" in page.headers["content-security-policy"]
        assert policy
