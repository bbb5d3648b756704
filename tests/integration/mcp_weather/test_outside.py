"""The client of services outside against a loopback server that answers well, badly, late or not at all."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from mcp_weather.cache import TtlCache
from mcp_weather.outside import MAX_ANSWER_BYTES, OutsideClient
from mcp_weather.service import Reason, Refusal, Service, ServiceFailure, Wire

from tests.support.behaviours import Behaviour, cut_in_the_middle, dripping, dropping, json_answer, raw, silent
from tests.support.fake_weather_services import FakeWeatherServices, running_weather_services
from tests.support.ports import free_ports

GOOD = {"word": "yes"}
NAME = "The service"


class Word(Wire):
    word: str


@asynccontextmanager
async def client(seconds: float = 10) -> AsyncIterator[OutsideClient]:
    outside = OutsideClient(user_agent="mcp-weather/1 (me@test)", timeout_seconds=seconds, cache=TtlCache(10))
    async with outside.opened():
        yield outside


@pytest.fixture
async def fake() -> AsyncIterator[FakeWeatherServices]:
    async with running_weather_services() as services:
        yield services


async def ask(outside: OutsideClient, fake: FakeWeatherServices, keep: float = 0, **params: str) -> Word:
    return await outside.get(Service(NAME, f"{fake.url}/nws", keep), "/alerts/active", params, Word)


async def failure(fake: FakeWeatherServices, behaviour: Behaviour, seconds: float = 10) -> ServiceFailure:
    fake.alerts = behaviour
    async with client(seconds) as outside:
        with pytest.raises(ServiceFailure) as failed:
            await ask(outside, fake)
    assert str(failed.value).startswith(f"{NAME} ")
    return failed.value


async def test_a_question_says_who_asks_and_takes_nothing_compressed(fake: FakeWeatherServices) -> None:
    fake.alerts = json_answer(GOOD)
    async with client() as outside:
        assert (await ask(outside, fake, point="1,2")).word == "yes"
    assert fake.asked == [("/nws/alerts/active", {"point": "1,2"})]
    assert fake.headers[0]["User-Agent"] == "mcp-weather/1 (me@test)"
    assert fake.headers[0]["Accept-Encoding"] == "identity"


async def test_the_same_question_is_asked_once_while_its_answer_is_kept(fake: FakeWeatherServices) -> None:
    fake.alerts = json_answer(GOOD)
    async with client() as outside:
        for point in ("1", "1", "2"):
            await ask(outside, fake, keep=60, point=point)
    assert [query["point"] for _, query in fake.asked] == ["1", "2"]


async def test_a_failure_is_not_kept(fake: FakeWeatherServices) -> None:
    async with client() as outside:
        fake.alerts = raw(503, b"")
        with pytest.raises(ServiceFailure):
            await ask(outside, fake, keep=60)
        fake.alerts = json_answer(GOOD)
        assert (await ask(outside, fake, keep=60)).word == "yes"


async def test_one_connection_serves_many_questions(fake: FakeWeatherServices) -> None:
    peers = set()

    async def note_the_peer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response(GOOD)

    fake.alerts = note_the_peer
    async with client() as outside:
        for number in range(5):
            await ask(outside, fake, number=str(number))
    assert (len(fake.asked), len(peers)) == (5, 1)


async def test_a_dropped_connection_is_tried_once_more(fake: FakeWeatherServices) -> None:
    fake.alerts = dropping(1, json_answer(GOOD))
    async with client() as outside:
        assert (await ask(outside, fake)).word == "yes"
    assert len(fake.asked) == 2


async def test_a_connection_dropped_twice_is_given_up_on(fake: FakeWeatherServices) -> None:
    failed = await failure(fake, dropping(9, json_answer(GOOD)))
    assert (failed.reason, len(fake.asked)) == (Reason.DROPPED, 2)


async def test_an_answer_that_is_cut_off_is_no_answer(fake: FakeWeatherServices) -> None:
    assert (await failure(fake, cut_in_the_middle())).reason is Reason.DROPPED


@pytest.mark.parametrize("behaviour", [silent(), dripping()], ids=["silent", "dripping"])
async def test_a_slow_service_is_given_up_on_in_time(fake: FakeWeatherServices, behaviour: Behaviour) -> None:
    started = asyncio.get_running_loop().time()
    failed = await failure(fake, behaviour, seconds=0.3)
    assert failed.reason is Reason.SLOW
    assert asyncio.get_running_loop().time() - started < 5
    assert len(fake.asked) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_a_service_that_is_not_there_is_told_as_such(host: str) -> None:
    [port] = free_ports(1)
    async with client() as outside:
        with pytest.raises(ServiceFailure, match="cannot be reached") as failed:
            await outside.get(Service(NAME, f"http://{host}:{port}", 0), "/", {}, Word)
    assert failed.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize(
    ("body", "headers", "when"),
    [
        (b'{"error":true,"reason":"Minutely API request limit exceeded."}', {}, "in a minute"),
        (b'{"error":true,"reason":"Hourly API request limit exceeded."}', {}, "in an hour"),
        (b'{"error":true,"reason":"Daily API request limit exceeded."}', {}, "tomorrow"),
        (b"", {"Retry-After": "120"}, "in 120 s"),
        (b"", {"Retry-After": "whenever {status}"}, "in some minutes"),
        (b"<html>", {}, "in some minutes"),
    ],
)
async def test_a_busy_service_is_left_alone_as_long_as_it_says(
    fake: FakeWeatherServices, body: bytes, headers: dict[str, str], when: str
) -> None:
    failed = await failure(fake, raw(429, body, **headers))
    assert failed.reason is Reason.BUSY
    assert f"Try again {when}, not before" in str(failed)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_fault_of_the_service_is_told_as_its_own(fake: FakeWeatherServices, status: int) -> None:
    failed = await failure(fake, raw(status, b"<html>oh no</html>"))
    assert (failed.reason, failed.status, len(fake.asked)) == (Reason.BROKEN, status, 1)
    assert f"(HTTP {status})" in str(failed)
    assert "oh no" not in str(failed)


@pytest.mark.parametrize("status", [401, 403, 405, 451])
async def test_a_service_that_refuses_this_server_is_the_operators_business(
    fake: FakeWeatherServices, status: int
) -> None:
    assert (await failure(fake, raw(status, b""))).reason is Reason.REFUSED


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refused_question_goes_to_whoever_knows_what_it_means(fake: FakeWeatherServices, status: int) -> None:
    fake.alerts = raw(status, b'{"detail":"why"}', "application/problem+json")
    async with client() as outside:
        with pytest.raises(Refusal) as refused:
            await ask(outside, fake)
    assert (refused.value.status, refused.value.body) == (status, b'{"detail":"why"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(fake: FakeWeatherServices, status: int) -> None:
    failed = await failure(fake, raw(status, b"", Location=f"{fake.url}/places/v1/search?name=Paris"))
    assert failed.reason is Reason.UNREADABLE
    assert [path for path, _ in fake.asked] == ["/nws/alerts/active"]


@pytest.mark.parametrize(
    "behaviour",
    [
        raw(200, b"<html>welcome to our network</html>"),
        raw(200, json.dumps(GOOD).encode(), "text/html"),
        raw(200, json.dumps(GOOD).encode(), "application/octet-stream"),
        raw(200, b"", "application/json"),
        raw(200, b'{"word": "ye', "application/json"),
        raw(200, b'{"word": "\xff"}', "application/json"),
        raw(200, b"[]", "application/json"),
        raw(200, b'{"word": 1}', "application/json"),
        raw(200, b"[" * 100_000, "application/json"),
        raw(204, b"", "application/json"),
        raw(200, b'{"word": "' + b"x" * MAX_ANSWER_BYTES + b'"}', "application/json"),
        raw(200, gzip.compress(json.dumps(GOOD).encode()), "application/json", **{"Content-Encoding": "gzip"}),
    ],
    ids=range(12),
)
async def test_an_answer_in_another_form_is_no_answer(fake: FakeWeatherServices, behaviour: Behaviour) -> None:
    failed = await failure(fake, behaviour)
    assert failed.reason is Reason.UNREADABLE
    assert "welcome" not in str(failed)


async def test_an_endless_answer_is_given_up_on_when_it_is_too_long(fake: FakeWeatherServices) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)
            sent += 65536

    assert (await failure(fake, endless)).reason is Reason.UNREADABLE
    assert sent < 16 * MAX_ANSWER_BYTES
