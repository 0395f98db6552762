"""A small OpenID provider on loopback that can be told to answer wrongly.

Authorization code flow with PKCE; whoever asks is `sub`, without a form. What it answers is made with joserfc, by the
book, unless `spoil` changes it. `tests/browser/test_oidc.py` uses another provider, which is not ours.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.serving import free_port

CLIENT_ID = "dashboard"
CLIENT_SECRET = "the provider gave us this"
Spoil = Callable[["Provider", dict[str, Any]], dict[str, Any]]


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


@dataclasses.dataclass
class Provider:
    """What it says of itself and of whom; `asked` are the parameters it was last asked with. While it is `away` it does not
    even say who it is."""

    address: str
    sub: Any = "ông A"
    spoil: Spoil | None = None
    error: str = ""
    away: bool = False
    asked: dict[str, str] = dataclasses.field(default_factory=dict)
    codes: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    key: RSAKey = dataclasses.field(default_factory=lambda: _key("current"))
    issuer: str = ""

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "end_session_endpoint": f"{self.address}/end",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }

    def claims(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer or self.address,
            "sub": self.sub,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        }

    def signed(self, claims: dict[str, Any], key: Any = None, **header: str) -> str:
        given = {"alg": "RS256", "kid": "current", **header}
        return jwt.encode(given, claims, key or self.key, algorithms=[given["alg"]])


@contextlib.contextmanager
def running_provider() -> Iterator[Provider]:
    """The provider, in a thread of this process, until the block ends."""
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}")
    server = uvicorn.Server(uvicorn.Config(_app(provider), port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _app(provider: Provider) -> Starlette:
    async def describe(_: Request) -> Response:
        return JSONResponse({}, 503) if provider.away else JSONResponse(provider.metadata())

    async def authorize(request: Request) -> Response:
        provider.asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        provider.codes[code] = provider.asked
        said = {"error": provider.error} if provider.error else {"code": code}
        back = urlencode({**said, "state": provider.asked["state"]})
        return RedirectResponse(f"{provider.asked['redirect_uri']}?{back}", 302)

    async def token(request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = provider.codes.pop(given.get("code", ""), None)  # a code is good once
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        challenge = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or given.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked.get("code_challenge")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = provider.claims(asked["nonce"])
        answer = {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": provider.signed(claims)}
        return JSONResponse(answer if provider.spoil is None else provider.spoil(provider, claims) | {"x": 1})

    async def jwks(_: Request) -> Response:
        return JSONResponse(KeySet([provider.key]).as_dict(private=False))

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", describe),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/jwks", jwks),
        ]
    )
