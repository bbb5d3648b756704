"""What goes before a measurement is sent whole, or the measurement does not begin."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import Implausible
from bench.sending import Post, send_all


@dataclass
class Server:
    """A fake of what is asked: it gives each body back, and 503 for those that it is told to refuse."""

    url: str = ""
    refused: bytes = b""
    got: list[tuple[bytes, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    it = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.got.append((body, self.headers["Authorization"]))
            self.send_response(503 if body == it.refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        it.url = f"http://127.0.0.1:{listening.server_port}/"
        serving = threading.Thread(target=listening.serve_forever)
        serving.start()
        yield it
        listening.shutdown()
        serving.join()


def posts(count: int) -> list[Post]:
    return [Post({"Authorization": f"Bearer {number}"}, b"%d" % number) for number in range(count)]


def test_each_is_sent_once_with_its_own_headers(server: Server) -> None:
    send_all(server.url, posts(50), at_once=8)
    assert sorted(server.got) == sorted((b"%d" % number, f"Bearer {number}") for number in range(50))


def test_a_refusal_ends_it_and_is_told(server: Server) -> None:
    server.refused = b"3"
    with pytest.raises(Implausible, match="answered 503: b'3'"):
        send_all(server.url, posts(50), at_once=1)
    assert [body for body, _ in server.got] == [b"0", b"1", b"2", b"3"]


def test_an_answer_that_is_not_good_ends_it_and_is_told(server: Server) -> None:
    with pytest.raises(Implausible, match="answered 200: b'7'"):
        send_all(server.url, posts(50), at_once=4, is_good=lambda body: body != b"7")
    assert len(server.got) < 50
