"""A name server on loopback that says what it is told to say, or nothing."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL_S = 1

Saying = str | dns.rcode.Rcode | None
"""An IPv4 address, a refusal such as NXDOMAIN, or no answer at all."""


@dataclass
class NameServer:
    """``names`` may be changed while it runs; of a name that is not there it says that there is none.

    ``asked`` are the names that it was asked for.
    """

    names: dict[str, Saying] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, asked: bytes) -> bytes | None:
        query = dns.message.from_wire(asked)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        saying = self.names.get(name, dns.rcode.NXDOMAIN)
        if saying is None:
            return None
        response = dns.message.make_response(query)
        if isinstance(saying, dns.rcode.Rcode):
            response.set_rcode(saying)
        elif question.rdtype == dns.rdatatype.A:  # it has no IPv6 address: an answer without records
            response.answer.append(dns.rrset.from_text(question.name, TTL_S, "IN", "A", saying))
        return response.to_wire()


@contextmanager
def name_server() -> Iterator[NameServer]:
    server = NameServer()

    class Asked(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked, answering = self.request
            if (said := server.answer(asked)) is not None:
                answering.sendto(said, self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Asked) as listening:
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, name="name-server")
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join(10)
