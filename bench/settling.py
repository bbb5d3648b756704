"""Brings Keycloak to where it is after hours of use: a Java process that has just started interprets what it compiles
later, and is slower by far, and with it whatever else runs on the same cores.

An introspection takes 3 ms of CPU after 20,000 of them, with the compilers still at work, and 1.6 ms from 40,000 on.
They have to be asked for as the authorizer asks: where Keycloak's compilers left out what never happened, such as a
client's secret in the form, they begin anew when it happens, and take three times the CPU of the introspections
themselves for a minute, in which everything else waits for a core.
"""

import json
from collections.abc import Sequence
from itertools import cycle, islice
from urllib.parse import urlencode

from bench.lab import Lab
from bench.progress import say
from bench.sending import Post, send_all

AT_ONCE = 4
"""Few: it is to become warm, not to be tried."""


def settle(lab: Lab) -> None:
    """As many introspections as ``lab.plan`` says, of real tokens.

    Raises:
        Implausible: one was not answered, or not as of a token that is good.
    """
    say(f"Keycloak is asked about {lab.plan.settling:,} tokens, to become warm")
    asked = islice(cycle(questions(lab, lab.tokens())), lab.plan.settling)
    send_all(lab.introspection_url, asked, at_once=AT_ONCE, is_good=_is_active)


def questions(lab: Lab, tokens: Sequence[str]) -> list[Post]:
    """An introspection of each, as the authorizer asks for it."""
    secret = lab.stack.settings.keycloak_client_secret.get_secret_value()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "identity"}
    asked = {"client_id": "api-gateway", "client_secret": secret}  # RFC 6749 §2.3.1, in the form: python-keycloak's way
    return [Post(headers, urlencode(asked | {"token": token}).encode()) for token in tokens]


def _is_active(answer: bytes) -> bool:
    return json.loads(answer)["active"] is True
