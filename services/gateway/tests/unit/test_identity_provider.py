"""Single steps of OpenID Connect, against the examples of the standards."""

import pytest
from jwt import algorithms

from gateway.identity_provider import Attempt, _check_metadata, _email_is_verified, _signing_keys, _with_query
from gateway.identity_provider import ProviderUnavailableError as Unavailable
from gateway.settings import Provider


def provider(**values):
    return Provider(name="p", label="P", issuer="https://login.example", client_id="m", **values)


def test_the_challenge_is_that_of_rfc_7636():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # appendix B
    attempt = Attempt("p", "s", "n", verifier, "/")
    assert attempt.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_every_attempt_has_fresh_secrets_of_enough_length():
    attempts = [Attempt.begin("p", "/") for _ in range(50)]
    for name in ("state", "nonce", "verifier"):
        assert len({getattr(attempt, name) for attempt in attempts}) == 50
    assert all(43 <= len(attempt.verifier) <= 128 for attempt in attempts)


@pytest.mark.parametrize(
    ("claims", "trusted", "verified"),
    [
        ({"email_verified": True}, False, True),
        ({"email_verified": "true"}, False, True),
        ({"email_verified": False}, True, False),
        ({"email_verified": "false"}, True, False),
        ({"email_verified": 1}, False, True),
        ({}, False, False),
        ({}, True, True),
    ],
)
def test_an_address_counts_only_when_it_is_verified(claims, trusted, verified):
    if claims.get("email_verified") == 1 and claims["email_verified"] is not True:
        verified = False  # a number is not the boolean that the standard asks for
    assert _email_is_verified(provider(emails_are_verified=trusted), claims) is verified


GOOD = {
    "issuer": "https://login.example",
    "authorization_endpoint": "https://login.example/a",
    "token_endpoint": "https://login.example/t",
    "jwks_uri": "https://keys.example/k",
}


def test_a_good_document_is_used():
    _check_metadata(provider(), GOOD)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://login.example/t"},
        {"jwks_uri": ""},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_document_of_another_issuer_or_with_plain_addresses_is_not_used(change):
    with pytest.raises(Unavailable):
        _check_metadata(provider(), {**GOOD, **change})


def test_keys_for_encryption_and_shared_secrets_are_no_signing_keys():
    from cryptography.hazmat.primitives.asymmetric import ec

    key = algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
    found = _signing_keys(
        {
            "keys": [
                {**key, "kid": "good"},
                {**key, "kid": "for-encryption", "use": "enc"},
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
                {"kty": "EC", "crv": "P-256", "x": "?", "y": "?", "kid": "broken"},
                "nonsense",
            ]
        }
    )
    assert set(found) == {"good"}


def test_an_address_that_has_a_query_already_keeps_it():
    assert _with_query("https://x/a?p=B2C", {"a": "b c"}) == "https://x/a?p=B2C&a=b+c"
    assert _with_query("https://x/a", {"a": "b"}) == "https://x/a?a=b"
