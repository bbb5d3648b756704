"""The authorizers that ours is compared with, and the door in front of each."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from bench.cpu import Pids
from bench.envoys import Door, asking, plain_cluster
from bench.lab import Lab
from bench.processes import listens, started
from bench.tools import ROOT, go_authorizers, opa_envoy
from tests.support.ports import free_ports

POLICY = ROOT / "bench" / "peers" / "policy.rego"


@dataclass(frozen=True)
class Compared:
    """What asks it, and the processes that work for it besides Envoy."""

    door: Door
    pids: Pids


def nothing_in_python(lab: Lab) -> AbstractContextManager[Compared]:
    """grpc.aio under uvloop."""
    return _module(lab, "nothing-python", "bench.nothing_authorizer")


def nothing_on_our_server(lab: Lab) -> AbstractContextManager[Compared]:
    """The gRPC server that ours runs on."""
    return _module(lab, "nothing-queue", "bench.nothing_on_queue")


@contextmanager
def nothing_in_go(lab: Lab) -> Iterator[Compared]:
    """grpc-go."""
    (port,) = free_ports(1)
    command = [str(go_authorizers()), "-port", str(port)]
    with _serving(lab, "nothing-go", command, port) as compared:
        yield compared


@contextmanager
def rego_in_go(lab: Lab) -> Iterator[Compared]:
    """Our policy in Rego, evaluated by Open Policy Agent's Go library."""
    (port,) = free_ports(1)
    command = [str(go_authorizers()), "-port", str(port), "-policy", _policy(lab)]
    with _serving(lab, "rego-go", command, port) as compared:
        yield compared


@contextmanager
def opa(lab: Lab) -> Iterator[Compared]:
    """OPA-Envoy with the same policy, its decision log off."""
    port, http, diagnostics = free_ports(3)
    plugin = f"plugins.envoy_ext_authz_grpc.addr=127.0.0.1:{port}"
    path = "plugins.envoy_ext_authz_grpc.path=mcp/envoy"
    addresses = ["--addr", f"127.0.0.1:{http}", "--diagnostic-addr", f"127.0.0.1:{diagnostics}"]
    command = [str(opa_envoy()), "run", "--server", *addresses, "--set", plugin, "--set", path, _policy(lab)]
    with _serving(lab, "opa-envoy", command, port) as compared:
        yield compared


@contextmanager
def _module(lab: Lab, name: str, module: str) -> Iterator[Compared]:
    (port,) = free_ports(1)
    with _serving(lab, name, [sys.executable, "-m", module, str(port)], port) as compared:
        yield compared


@contextmanager
def _serving(lab: Lab, name: str, command: list[str], port: int) -> Iterator[Compared]:
    with started(command, lab.folder / f"{name}.log", listens(port), folder=ROOT) as process:
        cluster = plain_cluster(name, port, http2=True)
        yield Compared(asking(lab.stack.settings, cluster), {"authorizer": process.pid})


def _policy(lab: Lab) -> str:
    text = POLICY.read_text(encoding="utf-8")
    secret = lab.stack.settings.keycloak_client_secret.get_secret_value()
    for name, value in {"KEYCLOAK": lab.keycloak_url, "AUDIENCE": lab.audience, "SECRET": secret}.items():
        text = text.replace(name, value)
    file = lab.folder / "policy.rego"
    file.write_text(text, encoding="utf-8")
    return str(file)
