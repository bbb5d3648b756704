"""Envoy's jwt_authn ahead of the authorizer, weighed: the figures of docs/adr/0009. ``python -m bench.jwt_authn``.

More Envoys with the committed configuration, one of them with the filter, ask one gateway's authorizer and Keycloak.
There failed introspections are not limited, as by a crowd of addresses; one more has an authorizer with the limit that
ships. Debian's `wrk` asks them in turn, so that what else the machine does falls on all. After that it looks at
what each answers once Keycloak has new keys, and where Keycloak could not be asked at the start.
"""

import base64
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import httpx
import psutil
import yaml
from gateway.runner.topology import write_topology
from gateway.settings import Settings
from keycloak import KeycloakAdmin

from tests.support import recorder
from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.ports import free_ports
from tests.support.stack import Stack, running_stack

ROUNDS, SECONDS, CONNECTIONS = 5, 3, 16
JWKS_KEPT_SECONDS = 60
TYPE = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}'
PATH = "/realms/mcp-gateway/protocol/openid-connect/certs"

LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[%(call)s]]
local prefix, tail = "%(prefix)s", %(tail)d
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local seed = 0
function setup(thread) seed = seed + 1; thread:set("seed", seed + %(salt)d) end
function init() math.randomseed(seed) end
function request()
  local token = prefix
  if tail > 0 then
    local letters = {}
    for i = 1, 12 do local n = math.random(64); letters[i] = alphabet:sub(n, n) end
    token = token .. table.concat(letters) .. string.rep("A", tail - 12)
  end
  wrk.headers["Authorization"] = "Bearer " .. token
  return wrk.format()
end
"""


@dataclass(frozen=True)
class Envoy:
    name: str
    settings: Settings
    authorizer: int
    """The process that it asks."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.settings.https_port}{CALCULATOR}"

    def status(self, stack: Stack, token: str) -> tuple[int, str]:
        with stack.client() as client:
            answer = client.post(self.url, json=tool_call("add", a=1, b=2), headers=bearer(token))
            return answer.status_code, answer.text[:80]


def jwt_filter(issuer: str) -> dict[str, Any]:
    """``allow_missing``: a request without a token is the authorizer's, which challenges it (RFC 9728)."""
    fetched = {"uri": f"http://keycloak{PATH}", "cluster": "keycloak", "timeout": "5s"}
    provider = {
        "issuer": issuer,
        "forward": True,
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "remote_jwks": {"http_uri": fetched, "cache_duration": f"{JWKS_KEPT_SECONDS}s"},
    }
    either = {"requires_any": {"requirements": [{"provider_name": "keycloak"}, {"allow_missing": {}}]}}
    rules = [{"match": {"prefix": "/mcp/"}, "requires": either}]
    typed = {"@type": TYPE, "providers": {"keycloak": provider}, "rules": rules}
    return {"name": "envoy.filters.http.jwt_authn", "typed_config": typed}


def with_filter(settings: Settings) -> Path:
    """The committed configuration with the filter before ext_authz."""
    path = write_topology(settings)
    topology = yaml.safe_load(path.read_text())
    listener = next(one for one in topology["static_resources"]["listeners"] if one["name"] == "https")
    filters = listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
    place = next(i for i, one in enumerate(filters) if one["name"] == "envoy.filters.http.ext_authz")
    filters.insert(place, jwt_filter(f"{settings.origin}/realms/mcp-gateway"))
    path.write_text(yaml.safe_dump(topology, sort_keys=False))
    return path


@contextmanager
def envoy(stack: Stack, folder: Path, name: str, *, authorizer: int | None = None, **changes: Any) -> Iterator[Envoy]:
    """``name`` is "with" or another word; the servers behind it are the gateway's own."""
    folder.mkdir()
    own = {port: getattr(stack.settings, port) for port in ("weather_port", "calculator_port")}
    settings = recorder.settings_beside(stack, folder).model_copy(update={**own, **changes})
    writing = with_filter if name == "with" else write_topology
    with patch.object(recorder, "write_topology", writing), recorder.native_envoy(settings, folder):
        yield Envoy(name, settings, authorizer or stack.pids()["ext-authz"])


@contextmanager
def limiting_authorizer(stack: Stack) -> Iterator[tuple[int, int]]:
    """One more, with the limit of failed introspections that ships: its process and its gRPC port."""
    grpc, http = free_ports(2)
    environment = psutil.Process(stack.pids()["ext-authz"]).environ()
    environment |= {"GRPC_LISTEN": f"127.0.0.1:{grpc}", "HTTP_LISTEN": f"127.0.0.1:{http}"}
    environment["FAILED_INTROSPECTIONS_PER_MINUTE"] = "30"
    process = subprocess.Popen(
        [sys.executable, "-m", "ext_authz"], env=environment, cwd=stack.settings.home, stdout=subprocess.DEVNULL
    )
    try:
        _await_listening(grpc)
        yield process.pid, grpc
    finally:
        process.terminate()
        process.wait(20)


def tokens(good: str) -> Mapping[str, tuple[str, int]]:
    """Kind → what each begins with, and how many letters of its own follow."""
    signed = good.rpartition(".")[0]
    return {
        "good, cached": (good, 0),
        "no JWT": ("", 40),
        "forged JWT": (f"{signed}.", len(good) - len(signed) - 1),
    }


def throughput(one: Envoy, kind: tuple[str, int], folder: Path, salt: int) -> float:
    """Requests answered in a second."""
    prefix, tail = kind
    script = folder / "ask.lua"
    script.write_text(LUA % {"call": CALL, "prefix": prefix, "tail": tail, "salt": salt})
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), one.url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def _await_listening(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the authorizer did not start"
            time.sleep(0.2)
        else:
            return


def spent(stack: Stack, one: Envoy) -> dict[str, float]:
    """CPU seconds so far."""
    asked = {"ext-authz": one.authorizer, "keycloak": stack.pids()["keycloak"]}
    times = {name: psutil.Process(pid).cpu_times() for name, pid in asked.items()}
    return {name: found.user + found.system for name, found in times.items()}


def measure(stack: Stack, both: list[Envoy], folder: Path) -> None:
    kinds = tokens(stack.token())
    rates: dict[tuple[str, str], list[float]] = {}
    cpu: dict[tuple[str, str, str], list[float]] = {}
    for turn in range(ROUNDS):
        for kind, token in kinds.items():
            for one in both if turn % 2 else both[::-1]:
                before = spent(stack, one)
                rate = throughput(one, token, folder, salt=turn * 1000 + hash(one.name) % 500)
                rates.setdefault((kind, one.name), []).append(rate)
                for name, seconds in spent(stack, one).items():
                    used = 1e6 * (seconds - before[name]) / (rate * SECONDS)
                    cpu.setdefault((kind, one.name, name), []).append(used)
    print("kind | filter | requests/s: median (least, most) | authorizer µs | Keycloak µs of CPU a request")
    for (kind, name), found in rates.items():
        costs = " | ".join(f"{median(cpu[kind, name, part]):.0f}" for part in ("ext-authz", "keycloak"))
        print(f"{kind} | {name} | {median(found):.0f} ({min(found):.0f}, {max(found):.0f}) | {costs}")


def new_keys(stack: Stack, both: list[Envoy]) -> None:
    """How long good tokens that are signed with a new key are refused."""
    before = stack.token()
    for one in both:
        print("before:", one.name, one.status(stack, before))
    admin = KeycloakAdmin(
        server_url=f"http://127.0.0.1:{stack.settings.keycloak_port}/",
        username="admin",
        password="admin",
        realm_name="mcp-gateway",
        user_realm_name="master",
    )
    realm = admin.get_realm("mcp-gateway")["id"]
    config = {"priority": ["900"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]}
    admin.create_component(
        {
            "name": "new",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm,
            "config": config,
        }
    )
    after, since = stack.token(), time.monotonic()
    print("signed by", kid(before), "then", kid(after))
    for one in both:
        print("new key, at once:", one.name, one.status(stack, after))
    for one in both:
        while one.status(stack, after)[0] != 200 and time.monotonic() - since < 1.2 * JWKS_KEPT_SECONDS:
            time.sleep(0.2)
        print(f"new key: {one.name}: accepted after {time.monotonic() - since:.1f} s")


def kid(token: str) -> str:
    """The key that a token names (RFC 7515 section 4.1.4)."""
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def without_keycloak(stack: Stack, folder: Path) -> None:
    """A good token at an Envoy that could not reach Keycloak: the authorizer still can, and says 200."""
    token = stack.token()
    for name in ("without", "with"):
        (nobody,) = free_ports(1)
        with (
            patch.object(recorder, "_await_ready", lambda settings, _: _admin_answers(settings)),
            envoy(stack, folder / f"alone-{name}", name, keycloak_port=nobody) as one,
        ):
            time.sleep(3)  # its first fetches have failed
            print("Keycloak out of Envoy's reach:", name, one.status(stack, token))


def _admin_answers(settings: Settings) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{settings.envoy_admin_port}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


def weigh(stack: Stack, folder: Path) -> None:
    with ExitStack() as running:
        both = [running.enter_context(envoy(stack, folder / name, name)) for name in ("without", "with")]
        pid, port = running.enter_context(limiting_authorizer(stack))
        limited = envoy(stack, folder / "limited", "without, limited", authorizer=pid, authz_port=port)
        measure(stack, [*both, running.enter_context(limited)], folder)
        new_keys(stack, both)
    without_keycloak(stack, folder)


def main() -> int:
    with tempfile.TemporaryDirectory() as name, running_stack(Path(name) / "gateway") as stack:
        weigh(stack, Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
