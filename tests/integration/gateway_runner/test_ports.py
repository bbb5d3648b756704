"""Ports are looked at before anything is started."""

import os
import socket
from pathlib import Path

import pytest
from gateway.runner.errors import PortUnavailable
from gateway.runner.ports import Wanted, check_ports, wanted_ports

from tests.support.runner import settings_in


def test_free_ports_pass(tmp_path: Path) -> None:
    check_ports(wanted_ports(settings_in(tmp_path)))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_port_in_use_is_named_with_its_setting_and_its_holder(tmp_path: Path, address: str) -> None:
    with socket.create_server((address, 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortUnavailable) as refused:
            check_ports(wanted_ports(settings_in(tmp_path, weather_port=port)))
    assert f"port {port} on 127.0.0.1 is in use by " in refused.value.sentence
    assert f"(process {os.getpid()})" in refused.value.sentence
    assert refused.value.sentence.endswith("set another one with --weather-port or WEATHER_PORT")
    assert refused.value.exit_code == 5


def test_every_port_in_use_has_its_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = {"https_port": one.getsockname()[1], "keycloak_port": two.getsockname()[1]}
        with pytest.raises(PortUnavailable) as refused:
            check_ports(wanted_ports(settings_in(tmp_path, **taken)))
    assert [line.split()[1] for line in refused.value.sentence.splitlines()] == [str(p) for p in taken.values()]


def test_a_port_whose_connections_were_only_just_closed_counts_as_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first and keeps the port in TIME_WAIT
        client.close()
    check_ports([Wanted("https_port", "127.0.0.1", port)])


def test_address_of_another_machine_is_blamed_on_the_bind_address() -> None:
    with pytest.raises(
        PortUnavailable, match=r"^BIND_ADDRESS: .* is no address of this machine: set another one with --bind$"
    ):
        check_ports([Wanted("https_port", "192.0.2.1", 0)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on any port")
def test_port_of_the_system_is_not_allowed_to_an_ordinary_user() -> None:
    unprivileged = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if not unprivileged.exists() or int(unprivileged.read_text()) <= 1:
        pytest.skip("this system gives every port to everybody")
    with pytest.raises(PortUnavailable, match="not allowed to this user"):
        check_ports([Wanted("https_port", "127.0.0.1", 1)])
