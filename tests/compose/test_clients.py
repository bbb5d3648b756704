"""A bucket of requests per client address, with clients that have an address each (G5, S17).

Clients on this machine do not: behind a published port they all come from the bridge's own address.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.compose import on_network
from tests.support.stack import Stack

ASK = """
import collections, ssl, urllib.request, urllib.error
context = ssl.create_default_context(cafile='/certs/ca.crt')
def status(n):
    headers = {{'X-Forwarded-For': f'198.51.100.{{n % 250}}', 'Host': 'localhost'}}
    request = urllib.request.Request('https://envoy/mcp/weather', data=b'', headers=headers)
    try: return urllib.request.urlopen(request, context=context).status
    except urllib.error.HTTPError as error: return error.code
seen = [status(n) for n in range({count})]
print(seen[:100].count(401), seen[100:].count(429), len(seen))
"""
CA = ("--user", "10004", "--volume", "mcp-gateway_client-files:/certs:ro")


@pytest.fixture
def limited(stack: Stack) -> Iterator[Stack]:
    stack.rate_limit(enabled=True)
    yield stack
    stack.rate_limit(enabled=False)


def client(count: int) -> tuple[int, int, int]:
    """Of the first hundred requests how many met the authorizer, of the others how many were too many; of how many."""
    first, refused, all_of_them = on_network("edge", ASK.format(count=count), *CA).split()
    return int(first), int(refused), int(all_of_them)


@pytest.mark.covers("G5", "S17", "S7")
def test_a_client_over_its_hundred_is_refused_and_another_at_the_same_time_is_not(limited: Stack) -> None:
    with ThreadPoolExecutor(2) as both:
        greedy, modest = both.submit(client, 160), both.submit(client, 50)
    assert greedy.result()[0] == 100
    assert greedy.result()[1] > 0
    assert modest.result() == (50, 0, 50)
