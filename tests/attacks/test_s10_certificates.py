"""S10: the servers take Envoy's certificate and nobody else's, and Envoy speaks to the right server only."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from gateway.certificates.files import Pair, read_certificates, read_key
from gateway.certificates.issuing import Authority
from gateway.certificates.leaves import Leaf

from tests.attacks.classes import S10
from tests.attacks.http1 import DEADLINE_S, answer_of, answers, everything, exchange, request
from tests.attacks.registry import Answer, Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway
from tests.attacks.served import ServedGateway
from tests.support.certificates import put_authority, put_leaf
from tests.support.certifying import Signer
from tests.support.recorder import RecordingGateway, RecordingServer, mutual_tls, native_envoy, settings_beside

LONG_AGO = datetime.now(UTC) - timedelta(days=1000)


@dataclass(frozen=True)
class Shop:
    """Makes certificates into a folder of its own, by our CA or by another one of the same name."""

    folder: Path
    ours: Path

    @property
    def authority(self) -> Authority:
        pair = Pair(self.ours, "ca")
        return Authority(read_certificates(pair)[0], read_key(pair))  # type: ignore[arg-type]

    def by_us(self, name: str, *names: str, client: bool = True, now: datetime | None = None) -> tuple[Path, Path]:
        put_authority(self.folder, self.authority, with_key=False)
        put_leaf(self.folder, Leaf(name, names, client=client), self.authority, now or datetime.now(UTC))
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def by_another(self, *names: str) -> tuple[Path, Path]:
        leaf = Signer("MCP-Gateway-CA").leaf(*names, use=ExtendedKeyUsageOID.SERVER_AUTH)
        crt, key = self.folder / "foreign.crt", self.folder / "foreign.key"
        crt.write_bytes(leaf.certificate)
        key.write_bytes(leaf.key)
        return crt, key

    def of(self, service: str) -> tuple[Path, Path]:
        return self.ours / f"{service}.crt", self.ours / f"{service}.key"


Shown = Callable[[Shop], tuple[Path, Path] | None]
CALLERS: dict[str, Shown] = {
    "no certificate": lambda _: None,
    "of another CA, with Envoy's name": lambda shop: shop.by_another("envoy"),
    "the authorizer's": lambda shop: shop.of("ext-authz"),
    "the server's own": lambda shop: shop.of("mcp-weather"),
    "expired, with Envoy's name": lambda shop: shop.by_us("old", "envoy", now=LONG_AGO),
    "not yet valid": lambda shop: shop.by_us("early", "envoy", now=datetime.now(UTC) + timedelta(days=30)),
    "of our CA, Envoy's name as common name only": lambda shop: shop.by_us("envoy", "somebody"),
    "of our CA, a name that begins alike": lambda shop: shop.by_us("a", "envoy.evil.example"),
    "of our CA, a name that ends alike": lambda shop: shop.by_us("b", "evil-envoy"),
    "of our CA, a wildcard": lambda shop: shop.by_us("c", "*"),
    "of our CA, Envoy's name, for servers only": lambda shop: shop.by_us("d", "envoy", client=False),
}
IMPOSTORS: dict[str, Shown] = {
    "no TLS at all": lambda _: None,
    "of another CA, with the server's name": lambda shop: shop.by_another("mcp-weather"),
    "another service's": lambda shop: shop.of("ext-authz"),
    "Envoy's own": lambda shop: shop.of("gateway"),
    "expired, with the server's name": lambda shop: shop.by_us("old", "mcp-weather", now=LONG_AGO),
    "of our CA, the name as common name only": lambda shop: shop.by_us("mcp-weather", "somebody"),
    "of our CA, a wildcard for it": lambda shop: shop.by_us("e", "*"),
}


@pytest.fixture
def shop(running: ScriptedGateway, tmp_path: Path) -> Shop:
    return Shop(tmp_path, running.recording.stack.settings.certs_dir)


def said(port: int, shown: tuple[Path, Path] | None, sent: bytes, alpn: str) -> bytes:
    """What a service says to a caller who shows this; nothing where the handshake fails or the connection ends."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    if shown:
        context.load_cert_chain(*shown)
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as plain,
        context.wrap_socket(plain) as tls,
    ):
        tls.sendall(sent)
        return everything(tls)
    return b""


@pytest.mark.covers("S10", "W1")
@S10.each(S10.alike({f"at the weather server: {name}": shown for name, shown in CALLERS.items()}, 403, "closed"))
def test_the_weather_server_answers_envoy_alone(
    served: ServedGateway, gateway: ScriptedGateway, shop: Shop, attack: Attack
) -> None:
    forged = request("/", b"X-User-Sub: root", b"X-User-Scopes: mcp:weather mcp:weather:alerts")
    port = served.gateway.settings.weather_port
    found = answers(said(port, attack.input(shop), forged, "http/1.1"))
    answer: Answer = found[0].status if found else "closed"
    assert answer in attack.answers
    assert all(b"result" not in one.body for one in found)
    assert answers(said(port, shop.of("gateway"), forged, "http/1.1"))[0].status == 200, "or nothing was shown"


@pytest.mark.covers("S10", "S11")
@S10.each(S10.alike({f"at the authorizer: {name}": shown for name, shown in CALLERS.items()}, "closed"))
def test_the_authorizer_answers_envoy_alone(gateway: ScriptedGateway, shop: Shop, attack: Attack) -> None:
    import grpc
    from ext_authz.xds import AuthorizationStub, CheckRequest

    shown = attack.input(shop)
    pair = (shown[1].read_bytes(), shown[0].read_bytes()) if shown else (None, None)
    root = (shop.ours / "ca.crt").read_bytes()
    target = f"localhost:{gateway.recording.stack.settings.authz_port}"

    def asked(*pair: bytes | None) -> grpc.StatusCode | None:
        with grpc.secure_channel(target, grpc.ssl_channel_credentials(root, *pair)) as channel:
            try:
                AuthorizationStub(channel).Check(CheckRequest(), timeout=DEADLINE_S)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
        return None

    assert asked(*pair) in {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
    envoys = shop.of("gateway")
    assert asked(envoys[1].read_bytes(), envoys[0].read_bytes()) is None, "or nothing was shown"


@pytest.fixture(scope="module")
def impostor(running: ScriptedGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Impostor"]:
    """A third Envoy, whose weather server shows whatever certificate it is given."""
    stack, folder = running.recording.stack, tmp_path_factory.mktemp("impostor")
    gateway = RecordingGateway(settings_beside(stack, folder), stack)
    true = mutual_tls(stack.settings.certs_dir)
    server = Impostor(gateway, true)
    calculator = RecordingServer("calculator", gateway, None)
    try:
        with native_envoy(gateway.settings, folder):
            yield server
    finally:
        for one in (server, calculator):
            one.shutdown()
            one.server_close()


class Impostor(RecordingServer):
    """``shows`` is asked at each handshake; None speaks plain HTTP."""

    def __init__(self, gateway: RecordingGateway, true: ssl.SSLContext) -> None:
        self.gateway, self.shows = gateway, true
        self.plain = False
        super().__init__("weather", gateway, None)

    def get_request(self) -> tuple[socket.socket, object]:
        accepted, address = super().get_request()
        if self.plain:
            return accepted, address
        return self.shows.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False), address


@pytest.mark.covers("S10")
@S10.each(S10.alike({f"an impostor of the server: {name}": shown for name, shown in IMPOSTORS.items()}, 503))
def test_envoy_says_nothing_to_an_impostor(
    impostor: Impostor, gateway: ScriptedGateway, shop: Shop, attack: Attack
) -> None:
    shown = attack.input(shop)
    door = impostor.gateway.settings.https_port, impostor.gateway.stack.ca
    impostor.plain = shown is None
    if shown:
        impostor.shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        impostor.shows.load_cert_chain(*shown)
    impostor.received.clear()
    call = request("/mcp/weather", token=TOKEN)
    found = {answer_of(exchange(door, call)) for _ in range(3)}
    assert found <= attack.answers
    assert impostor.received == []


@pytest.mark.covers("S10")
def test_the_right_server_is_served_once_it_is_back(impostor: Impostor, gateway: ScriptedGateway, shop: Shop) -> None:
    """So the refusals above were about the certificate."""
    impostor.plain, impostor.shows = False, mutual_tls(shop.ours)
    door = impostor.gateway.settings.https_port, impostor.gateway.stack.ca
    deadline = time.monotonic() + DEADLINE_S
    while answer_of(exchange(door, request("/mcp/weather", token=TOKEN))) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)  # between two looks of Envoy's health check
