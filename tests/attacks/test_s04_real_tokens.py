"""S4 with the real Keycloak: tokens of others, tokens of another kind, and tokens that were forged."""

import secrets
import time
from collections.abc import Callable

import httpx
import pytest
from jwcrypto.jwk import JWKSet

from tests.attacks import forging
from tests.attacks.classes import S4
from tests.attacks.forging import Forge
from tests.attacks.real import PASSWORD, RealGateway
from tests.attacks.registry import Attack

FORGED: dict[str, Forge] = {
    "alg none": lambda token, _: forging.unsigned(token, "none"),
    "alg None": lambda token, _: forging.unsigned(token, "None"),
    "alg NONE": lambda token, _: forging.unsigned(token, "NONE"),
    "alg nOnE": lambda token, _: forging.unsigned(token, "nOnE"),
    "alg empty": lambda token, _: forging.unsigned(token, ""),
    "no alg": lambda *_: "e30.e30.",
    "no alg, two parts": lambda *_: "e30.e30",
    "no alg with the old signature": lambda token, _: forging.coded(b'{"typ":"JWT"}') + "." + token.split(".", 1)[1],
    "alg null": lambda token, _: forging.coded(b'{"alg":null}') + "." + token.split(".", 1)[1],
    "alg that is a number": lambda token, _: forging.coded(b'{"alg":1}') + "." + token.split(".", 1)[1],
    "a header that is null": lambda token, _: forging.coded(b"null") + "." + token.split(".", 1)[1],
    "alg none with the old signature": lambda token, _: forging.with_header(token, alg="none"),
    "no signature": lambda token, _: token.rpartition(".")[0] + ".",
    "no signature and no dot": lambda token, _: token.rpartition(".")[0],
    "half a signature": lambda token, _: token[:-100],
    "a letter of the signature changed": lambda token, _: (
        token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]
    ),
    "something behind": lambda token, _: token + "A",
    "a fourth part": lambda token, _: token + ".AAAA",
    "five parts, as if encrypted": lambda token, _: token + ".AAAA.AAAA",
    "a dot before": lambda token, _: "." + token,
    "two dots": lambda token, _: "..",
    "a scope more": lambda token, _: forging.with_claims(token, scope="mcp:calculator mcp:calculator:scientific"),
    "a later expiry": lambda token, _: forging.with_claims(token, exp=9_999_999_999),
    "another subject": lambda token, _: forging.with_claims(token, sub="admin"),
    "HS256 by the public key": forging.by_the_public_key,
    "RS256 by a key of one's own": forging.at_own_key(),
    "RS256, the key in the header": forging.embedding_a_key,
    "RS256, the key at an address": forging.at_own_key(jku="https://evil.example/keys"),
    "RS256, a certificate at an address": forging.at_own_key(x5u="https://evil.example/cert"),
    "kid that is a path": forging.at_own_key(kid="../../../../dev/null"),
    "kid that is SQL": forging.at_own_key(kid="x' UNION SELECT 'key"),
    "kid that is a list": forging.at_own_key(kid=["a"]),
    "a critical header that nobody knows": lambda token, _: forging.with_header(token, crit=["exp"]),
    "a header that is a list": lambda token, _: forging.coded(b"[]") + "." + token.split(".", 1)[1],
    "a header that is nothing": lambda token, _: "." + token.split(".", 1)[1],
}


@pytest.fixture(scope="module")
def good(watched_real: RealGateway) -> str:
    _, user = watched_real.new_user()
    token = watched_real.sign_in(user, "mcp:calculator").access_token
    assert watched_real.call(token) == 200, "it must be good before it is forged from"
    return token


@pytest.mark.covers("S4")
@S4.add(FORGED, 401)
def test_a_forged_token_is_refused(real: RealGateway, good: str, attack: Attack) -> None:
    published = JWKSet.from_json(httpx.get(f"{real.keycloak}/realms/mcp-gateway/protocol/openid-connect/certs").text)
    token = attack.input(good, published.get_key(forging.header(good)["kid"]))
    assert token != good
    real.held(attack, real.call(token))


@pytest.mark.covers("S4")
@S4.one("padding behind", 200, reaches="the call: it is the same token, to RFC 6750 and to Keycloak")
def test_padding_makes_no_other_token(real: RealGateway, good: str, attack: Attack) -> None:
    real.held(attack, real.call(good + "=="))


def _of_our_user(*scopes: str, member: str = "access_token") -> Callable[[RealGateway], str]:
    return lambda real: str(real.sign_in(real.new_user()[1], *scopes).raw[member])


def _of_the_master_realm(real: RealGateway) -> str:
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin"}
    password = real.recording.stack.settings.kc_bootstrap_admin_password.get_secret_value()
    url = f"{real.keycloak}/realms/master/protocol/openid-connect/token"
    return str(real.keep(httpx.post(url, data=form | {"password": password}).json())["access_token"])


def _of_another_realm(real: RealGateway) -> str:
    """With everything that can be chosen chosen alike: client, audiences, scope, user."""
    realm = f"elsewhere-{secrets.token_hex(4)}"
    audience = {"protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper"}
    named = {"access.token.claim": "true", "introspection.token.claim": "true"}
    wanted = ("api-gateway", f"{real.origin}/mcp/calculator")
    mappers = [audience | {"name": one, "config": named | {"included.custom.audience": one}} for one in wanted]
    user = {"username": "testuser", "enabled": True, "email": "t@attacks.example", "firstName": "T", "lastName": "U"}
    real.admin("master").create_realm(
        {
            "realm": realm,
            "enabled": True,
            "attributes": {"frontendUrl": real.origin},
            "users": [user | {"credentials": [{"type": "password", "value": PASSWORD}]}],
            "clients": [
                {
                    "clientId": "mcp-client",
                    "publicClient": True,
                    "directAccessGrantsEnabled": True,
                    "protocolMappers": mappers,
                }
            ],
        }
    )
    form = {"grant_type": "password", "client_id": "mcp-client", "username": "testuser", "password": PASSWORD}
    url = f"{real.keycloak}/realms/{realm}/protocol/openid-connect/token"
    token = str(real.keep(httpx.post(url, data=form).json())["access_token"])
    assert f"{real.origin}/mcp/calculator" in forging.payload(token)["aud"]
    return token


def _of_a_client_without_audience(real: RealGateway) -> str:
    _, client_id = real.new_client(defaultClientScopes=["basic", "email"])
    return real.sign_in(real.new_user()[1], "openid", client_id=client_id).access_token


def _of_a_client_with_half_the_audience(real: RealGateway) -> str:
    """It names the resource, but not the gateway, which may then not ask about it."""
    config = {"access.token.claim": "true", "included.custom.audience": f"{real.origin}/mcp/calculator"}
    mapper = {"name": "a", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper", "config": config}
    _, client_id = real.new_client(defaultClientScopes=["basic", "email"], protocolMappers=[mapper])
    return real.sign_in(real.new_user()[1], "openid", client_id=client_id).access_token


def _expired(real: RealGateway) -> str:
    _, client_id = real.new_client(attributes={"access.token.lifespan": "1"})
    token = real.sign_in(real.new_user()[1], client_id=client_id).access_token
    while time.time() <= forging.payload(token)["exp"] + 1:
        time.sleep(0.1)  # until it says itself that it is over
    return token


OTHERS: dict[str, Callable[[RealGateway], str]] = {
    "an ID token": _of_our_user("openid", "mcp:calculator", member="id_token"),
    "a refresh token": _of_our_user("openid", "mcp:calculator", member="refresh_token"),
    "an offline token": _of_our_user("openid", "mcp:calculator", "offline_access", member="refresh_token"),
    "a token without an MCP scope": _of_our_user("openid"),
    "a token for the other server": _of_our_user("mcp:weather"),
    "an administrator's token of the master realm": _of_the_master_realm,
    "a token of another realm, alike in all else": _of_another_realm,
    "a token of a client without audience": _of_a_client_without_audience,
    "a token of a client with half the audience": _of_a_client_with_half_the_audience,
    "an expired token": _expired,
    "the gateway's own client secret": lambda _: "api-gateway-secret-change-me",
    "a session's id": lambda real: str(real.sign_in(real.new_user()[1], "mcp:calculator").raw["session_state"]),
}


@pytest.mark.covers("S4", "R5", "O10")
@S4.add(OTHERS, 401)
def test_a_token_of_another_kind_or_place_is_refused(real: RealGateway, attack: Attack) -> None:
    real.held(attack, real.call(attack.input(real)))
