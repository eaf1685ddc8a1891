"""The development provider does the authorization code flow with PKCE, for ready-made people."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # the provider's own libraries are on their way to new names

REDIRECT = "http://127.0.0.1:8000/inloggen/terug"
VERIFIER = "v" * 50


@pytest.fixture
def provider(tmp_path):
    from meldstroom_local import identity

    return identity.create_app(tmp_path / "key.pem").test_client()


def sign_in(provider, person, verifier=VERIFIER):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    query = {
        "client_id": "meldstroom",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "state",
        "nonce": "nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = provider.get("/oauth2/authorize", query_string=query)
    answer = provider.post("/oauth2/authorize", query_string=query, data={"sub": person})
    found = parse_qs(urlsplit(answer.location).query)
    assert found["state"] == ["state"]
    form = {
        "grant_type": "authorization_code",
        "code": found["code"][0],
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    }
    return page, provider.post("/oauth2/token", data=form, auth=("meldstroom", "local-development"))


def test_everybody_of_the_seed_can_be_chosen_with_one_click(provider):
    page, _ = sign_in(provider, "handler")
    for person in ("handler", "handler-waste", "coordinator", "team-lead", "administrator", "contractor", "stranger"):
        assert f'value="{person}"' in page.text
    assert "https://" not in page.text  # the page asks no other host for anything


def test_the_identity_says_who_someone_is_and_not_what_they_may_do(provider):
    _, answer = sign_in(provider, "coordinator")
    claims = jwt.decode(answer.json["id_token"], options={"verify_signature": False})
    assert claims["sub"] == "coordinator"
    assert claims["name"] == "Karim Bakker"
    assert claims["email_verified"] is True
    assert claims["nonce"] == "nonce"
    assert not {"roles", "permissions", "groups"} & set(claims)


def test_a_wrong_code_verifier_is_refused(provider):
    _, answer = sign_in(provider, "coordinator", verifier="w" * 50)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_grant"


def test_the_signing_key_stays_the_same_after_a_restart(tmp_path):
    from meldstroom_local import identity

    keys = [identity.create_app(tmp_path / "key.pem").test_client().get("/jwks").json for _ in range(2)]
    assert keys[0] == keys[1]
    assert "d" not in keys[0]["keys"][0]
