"""Is the process in this container alive? Run by the container engine; ends with 0 for yes, 1 for no.

    python healthcheck.py http://127.0.0.1:8001/health [200,503]    GET is answered with one of these (default: 200)
    python healthcheck.py tls://127.0.0.1:8000 mcp-weather ca.crt   TLS handshake with a certificate for that name

The TLS form is for a server that takes nobody but Envoy, whose key must not lie in another container. A handshake shows
more than an open port, which the kernel accepts for a process that hangs: the process itself must answer, with a
certificate that is valid now. It takes TLS 1.3, where the client is done before the server asks who it is (RFC 8446
section 2), so the lack of a client certificate does not spoil it.

Standard library only, and no package of ours: it runs every few seconds and must be cheap.
"""

import http.client
import socket
import ssl
import sys
from urllib.parse import urlsplit

TIMEOUT = 4.0  # seconds; less than the engine gives


def main(arguments: list[str]) -> int:
    """The exit code; the reason for a 1 goes to stdout, which the engine keeps (`docker inspect`)."""
    try:
        place, *more = arguments
        url = urlsplit(place)
        host, port = url.hostname or "", url.port or 0
        problem = shakes_hands(host, port, *more) if url.scheme == "tls" else answers(host, port, url.path, *more)
    except (OSError, http.client.HTTPException) as error:  # ssl.SSLError is an OSError
        problem = f"{type(error).__name__}: {error}"
    sys.stdout.write(problem)
    return 1 if problem else 0


def answers(host: str, port: int, path: str, accepted: str = "200") -> str:
    """What is wrong with the answer to a GET; "" if nothing is."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    finally:
        connection.close()
    return "" if str(status) in accepted.split(",") else f"status {status}"


def shakes_hands(host: str, port: int, name: str, authority: str) -> str:
    """ "" if the server shows a certificate of `authority` for `name`; raises OSError if it does not."""
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with (
        socket.create_connection((host, port), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=name),
    ):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
