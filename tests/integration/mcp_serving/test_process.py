"""A server as a process: how it starts, stops, and treats clients that are slow or go away."""

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
import pytest
from mcp_serving import ServerSettings, make_app

from tests.support.serving import McpClient, call, failed_start, request, server_process, serving
from tests.support.serving_sample import BASE, sample_toolbox

SAMPLE = ("-m", "tests.support.serving_sample")


async def exists(path: Path) -> None:
    """Wait until ``path`` exists."""
    async with asyncio.timeout(10):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
            await asyncio.sleep(0.01)


async def test_a_call_in_flight_at_sigterm_is_finished_and_the_exit_code_is_0(tmp_path: Path) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    async with server_process(*SAMPLE) as server, aiohttp.ClientSession() as session:
        client = McpClient(session, f"http://127.0.0.1:{server.port}/", [BASE])
        calling = asyncio.create_task(client.post(call("wait", started=str(started), until=str(until))))
        await exists(started)
        server.process.send_signal(signal.SIGTERM)
        await server.read_until("stopping")
        await refuses_connections(server.port)
        until.touch()
        status, answer = await calling
        assert (status, answer["result"]["structuredContent"]) == (200, {"text": "finished"})
        assert await asyncio.wait_for(server.process.wait(), 10) == 0


async def refuses_connections(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.01)


@pytest.mark.covers("M9")
async def test_a_client_that_goes_away_takes_its_call_with_it(tmp_path: Path) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    async with server_process(*SAMPLE) as server:
        async with aiohttp.ClientSession() as session:
            client = McpClient(session, f"http://127.0.0.1:{server.port}/", [BASE])
            calling = asyncio.create_task(client.post(call("wait", started=str(started), until=str(until))))
            await exists(started)
            calling.cancel()
        await exists(started.with_suffix(".cancelled"))


async def test_a_call_that_outlasts_the_grace_is_cancelled(tmp_path: Path) -> None:
    started = tmp_path / "started"
    async with aiohttp.ClientSession() as session:
        async with serving(make_app(sample_toolbox(), ServerSettings()), [BASE], grace_seconds=0.2) as client:
            own = McpClient(session, client.url, [BASE])  # its connection outlives the server
            calling = asyncio.create_task(own.post(call("wait", started=str(started), until=str(tmp_path / "never"))))
            await exists(started)
        assert started.with_suffix(".cancelled").exists()
        with pytest.raises(aiohttp.ClientError):
            await calling


async def test_an_idle_server_stops_at_once(tmp_path: Path) -> None:
    async with server_process(*SAMPLE) as server:
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), 5) == 0


async def test_a_port_in_use_ends_the_start_with_exit_code_2_and_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        code, errors = await failed_start(*SAMPLE, LISTEN=listen)
    assert code == 2
    assert errors.startswith(f"LISTEN: cannot listen on {listen}")
    assert errors.count("\n") == 1


async def test_a_certificate_that_is_none_ends_the_start_with_exit_code_2_and_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.write_text("nothing of use")
    files = dict.fromkeys(("TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"), str(file))
    code, errors = await failed_start(*SAMPLE, **files)
    assert code == 2
    assert errors.startswith("TLS_CERT_FILE")
    assert errors.count("\n") == 1


@pytest.mark.covers("S9")
async def test_a_body_that_does_not_arrive_is_given_up_on_and_others_are_served() -> None:
    async with serving(make_app(sample_toolbox(), ServerSettings(), body_seconds=0.3), [BASE]) as client:
        port = int(client.url.split(":")[2].rstrip("/"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        writer.write(head + b"{")
        await writer.drain()
        assert (await client.post(request("ping")))[0] == 200
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()
        await writer.wait_closed()
