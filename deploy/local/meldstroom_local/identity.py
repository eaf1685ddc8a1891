"""The development identity provider: a real OpenID Connect provider from a package, with ready-made people.

`python -m meldstroom_local.identity PORT FOLDER` serves it; its signing key is kept in FOLDER, so that a restart does
not sign anyone out. The package ignores PKCE (RFC 7636); the check of the code verifier is added here, so that a
client that does it wrong finds out on its own machine.
"""

import base64
import hashlib
import hmac
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from meldstroom_local.people import people

_MOST_CODES = 1000


def create_app(key_file: Path | None = None) -> Any:
    """Return the provider as a Flask app."""
    # The provider is reached over plain HTTP on this machine only.
    os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")
    import flask
    import jinja2
    import oidc_provider_mock

    app = flask.Flask("meldstroom_local")
    app.jinja_loader = jinja2.ChoiceLoader(
        [
            jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
            jinja2.PackageLoader("oidc_provider_mock", "templates"),
        ]
    )
    oidc_provider_mock.init_app(
        app,
        user_claims=[
            oidc_provider_mock.User(
                sub=person.username,
                claims={
                    "name": person.name,
                    "given_name": person.name.split()[0],
                    "family_name": person.name.split(maxsplit=1)[1],
                    "preferred_username": person.username,
                    "email": person.email,
                    "email_verified": True,
                },
            )
            for person in people()
        ],
    )
    # The package switches on its debugger, which has no place behind a sign-in page.
    app.wsgi_app = app.wsgi_app.app  # type: ignore[attr-defined, method-assign]  # the debugger wraps the app
    app.debug = False
    app.secret_key = os.urandom(16)
    app.context_processor(lambda: {"people": people()})
    if key_file is not None:
        _keep_key(app, key_file)
    _check_pkce(app)
    return app


def _keep_key(app: Any, key_file: Path) -> None:
    import flask
    from authlib import jose

    if key_file.exists():
        key = jose.JsonWebKey.import_key(key_file.read_text())
    else:
        key = jose.RSAKey.generate_key(is_private=True)
        key_file.parent.mkdir(parents=True, exist_ok=True)
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.as_pem(is_private=True))
    key.as_dict()  # gives it its id, the thumbprint

    @app.before_request  # type: ignore[untyped-decorator]  # Flask comes without types here
    def use_key() -> None:
        flask.g.oidc_provider_mock_storage.jwk = key


def _check_pkce(app: Any) -> None:
    import flask

    challenges: dict[str, str] = {}

    @app.after_request  # type: ignore[untyped-decorator]  # Flask comes without types here
    def remember(response: Any) -> Any:
        challenge = flask.request.args.get("code_challenge")
        codes = parse_qs(urlsplit(response.headers.get("Location", "")).query).get("code")
        if challenge and codes and flask.request.path == "/oauth2/authorize":
            while len(challenges) >= _MOST_CODES:
                challenges.pop(next(iter(challenges)))
            challenges[codes[0]] = challenge
        return response

    @app.before_request  # type: ignore[untyped-decorator]  # Flask comes without types here
    def check() -> Any:
        if flask.request.path != "/oauth2/token" or flask.request.method != "POST":
            return None
        challenge = challenges.pop(flask.request.form.get("code", ""), None)
        if challenge is None:
            return None
        verifier = flask.request.form.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if hmac.compare_digest(digest, challenge):
            return None
        problem = {"error": "invalid_grant", "error_description": "the code verifier does not fit the challenge"}
        return flask.jsonify(problem), 400


def serve(port: int, folder: Path) -> None:
    """Serve until told to stop."""
    from werkzeug.serving import make_server

    logging.basicConfig(level=logging.WARNING)
    server = make_server("127.0.0.1", port, create_app(folder / "identity-key.pem"), threaded=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"identity provider on http://127.0.0.1:{port}", flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
