"""To whom a logout is passed on, by what the names of the replicas lead to. Replicas are stand-ins on loopback."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from ext_authz.logout_spreading import MARK, LogoutSpreading, is_own

from tests.support.authz import until
from tests.support.behaviours import serving

pytestmark = pytest.mark.covers("O18", "S5")
PATH = "/backchannel-logout"
A_WHILE_S = 30.0


@dataclass
class FakeReplica:
    """Keeps the tokens that are posted to it, which are all marked."""

    url: str = ""
    tokens: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert (request.path, request.headers[MARK]) == (PATH, "1")
        self.tokens.append(str((await request.post())["logout_token"]))
        return web.Response()

    def by_name(self, name: str) -> str:
        return f"http://{name}:{urlsplit(self.url).port}{PATH}"


@dataclass
class FakeNames:
    """Leads names to addresses, but those in ``hang`` not yet. ``asked`` are the names that were looked up."""

    known: dict[str, set[str]] = field(default_factory=dict)
    hang: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def look_up(self, name: str, port: int) -> set[str]:
        self.asked.append(name)
        while name in self.hang:  # noqa: ASYNC110 - a stand-in for a name server that does not answer
            await asyncio.sleep(0.01)
        if name not in self.known:
            raise OSError("the name is not known")
        return self.known[name]


@dataclass
class FakeObserver:
    outcomes: list[str] = field(default_factory=list)

    def logout(self, outcome: str, remembered: int) -> None:
        self.outcomes.append(outcome)


@dataclass
class Bench:
    one: FakeReplica
    other: FakeReplica
    closing: AsyncExitStack
    names: FakeNames = field(default_factory=FakeNames)
    observer: FakeObserver = field(default_factory=FakeObserver)

    async def spread(self, urls: Iterable[str], told_at: str, give_up_seconds: float = A_WHILE_S) -> None:
        spreading = await self.spreading(urls, told_at, give_up_seconds)
        await spreading.spread("the-token")

    async def spreading(self, urls: Iterable[str], told_at: str, give_up_seconds: float = A_WHILE_S) -> LogoutSpreading:
        spreading = LogoutSpreading(
            urls, told_at, (), self.observer, look_up=self.names.look_up, give_up_seconds=give_up_seconds
        )
        return await self.closing.enter_async_context(aclosing(spreading))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as closing:
        bench = Bench(FakeReplica(), FakeReplica(), closing)
        for replica in (bench.one, bench.other):
            replica.url = await closing.enter_async_context(serving(replica.handle))
        bench.names.known = {"one": {"127.0.0.1"}, "other": {"127.0.0.1"}}
        yield bench


async def test_an_authorizer_that_names_only_the_other_one_tells_it(bench: Bench) -> None:
    await bench.spread([bench.other.by_name("other")], told_at=bench.one.by_name("one"))
    await until(lambda: bench.other.tokens == ["the-token"])


async def test_an_authorizer_alone_where_keycloak_posts_to_is_posted_nothing(bench: Bench) -> None:
    """Keycloak's answer does not wait for anything, and nothing is logged or counted twice."""
    own = bench.one.by_name("one")
    await bench.spread([own], told_at=own)
    assert bench.names.asked == ["one"]
    assert (bench.one.tokens, bench.observer.outcomes) == ([], [])


async def test_where_keycloak_s_name_leads_to_two_addresses_both_are_told(bench: Bench) -> None:
    """The second has nobody behind it, and is tried until the end."""
    own = bench.one.by_name("one")
    bench.names.known["one"] = {"127.0.0.1", "127.0.0.2"}
    await bench.spread([own], told_at=own)
    await until(lambda: bench.one.tokens == ["the-token"])


@pytest.mark.covers("F17")
async def test_a_name_that_does_not_resolve_holds_up_no_other_replica(bench: Bench) -> None:
    await bench.spread([bench.one.by_name("gone"), bench.other.by_name("other")], told_at=bench.one.by_name("one"))
    await until(lambda: bench.other.tokens == ["the-token"])
    assert bench.one.tokens == []


@pytest.mark.covers("F17")
async def test_a_replica_whose_name_resolves_later_is_told_then(bench: Bench) -> None:
    await bench.spread([bench.other.by_name("later")], told_at=bench.one.by_name("one"))
    await until(lambda: len(bench.names.asked) > 1)
    bench.names.known["later"] = {"127.0.0.1"}
    await until(lambda: bench.other.tokens == ["the-token"])


@pytest.mark.covers("F17")
async def test_a_name_server_that_hangs_is_asked_once_for_all_logouts_that_wait(bench: Bench) -> None:
    """Threads for look-ups are few."""
    bench.names.hang.add("hung")
    bench.names.known["hung"] = {"127.0.0.1"}
    urls = [bench.one.by_name("hung"), bench.other.by_name("other")]
    spreading = await bench.spreading(urls, told_at=bench.one.by_name("one"))
    await asyncio.gather(*(spreading.spread(f"token-{number}") for number in range(3)))
    await until(lambda: len(bench.other.tokens) == 3)
    assert bench.names.asked.count("hung") == 1
    bench.names.hang.clear()
    await until(lambda: sorted(bench.one.tokens) == ["token-0", "token-1", "token-2"])


async def test_it_is_counted_that_a_logout_was_not_passed_on_to_all(bench: Bench) -> None:
    urls = [bench.one.by_name("gone"), bench.other.by_name("other"), bench.one.by_name("gone-too")]
    await bench.spread(urls, told_at=bench.one.by_name("one"), give_up_seconds=1)
    await until(lambda: bench.observer.outcomes == ["not_passed_on"])
    assert bench.other.tokens == ["the-token"]


@pytest.mark.parametrize(
    ("address", "own"), [("127.0.0.1", True), ("192.0.2.1", False), ("2001:db8::1", False), ("no address", False)]
)
def test_an_address_is_known_for_one_s_own(address: str, own: bool) -> None:
    assert is_own(address) is own
