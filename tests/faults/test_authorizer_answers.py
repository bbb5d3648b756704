"""F4: an authorizer that raises, hangs, or answers what cannot be read. Envoy falls shut; nothing reaches a server."""

from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest

from tests.support.fake_authorizer import (
    Check,
    aborts,
    answers_an_empty_verdict,
    answers_garbage,
    fake_authorizer,
    hangs,
    raises,
    says_nothing,
)
from tests.support.faults import Findings, row_of, says_try_later, statuses
from tests.support.load import steady_load, usual_mix
from tests.support.recorder import RecordingGateway, RecordingServer, mutual_tls, native_envoy, settings_beside
from tests.support.stack import Stack

ENOUGH = 36

ANSWERS: Mapping[str, Check] = {
    "raises": raises,
    "answers PERMISSION_DENIED instead of a verdict": aborts(grpc.StatusCode.PERMISSION_DENIED),
    "answers garbage": answers_garbage,
    "says nothing and ends the call well": says_nothing,
    "never answers": hangs,
}


@pytest.mark.covers("F4", "R4")
@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=pytest.mark.short if how == "raises" else ()) for how in ANSWERS]
)
def test_an_authorizer_that_gives_no_verdict_lets_nothing_through(
    stack: Stack, tmp_path: Path, findings: Findings, how: str
) -> None:
    with fake_authorizer(stack.settings.certs_dir, ANSWERS[how]) as port:
        settings = settings_beside(stack, tmp_path).model_copy(update={"authz_port": port})
        gateway = RecordingGateway(settings, stack)
        servers = (
            RecordingServer("weather", gateway, mutual_tls(stack.settings.certs_dir)),
            RecordingServer("calculator", gateway, None),
        )
        try:
            with native_envoy(settings, tmp_path), steady_load(stack.ca, gateway.url, usual_mix(stack)) as load:
                load.await_count(ENOUGH)
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()
    findings.rows.append(row_of(load, 0.0, "F4", f"an authorizer that {how}", 0.0, ""))
    assert gateway.received == [], "nothing reached a server"
    assert statuses(load, 0.0, may_pass=True) == statuses(load, 0.0, may_pass=False) == {503}
    says_try_later(load, 0.0)


@pytest.mark.covers("F4", "W3")
def test_an_empty_verdict_is_an_allow_for_envoy_and_the_servers_refuse_who_comes_without_scopes(
    stack: Stack, tmp_path: Path, findings: Findings
) -> None:
    """Envoy reads an unset status as OK. That ours never answers so is shown where it is made; here, what would follow.

    Before the real servers: nobody can bring x-user-* headers, so everybody is a caller who may call nothing.
    """
    with fake_authorizer(stack.settings.certs_dir, answers_an_empty_verdict) as port:
        servers = {name: getattr(stack.settings, name) for name in ("weather_port", "calculator_port")}
        settings = settings_beside(stack, tmp_path).model_copy(update={"authz_port": port, **servers})
        url = f"https://localhost:{settings.https_port}"
        with native_envoy(settings, tmp_path), steady_load(stack.ca, url, usual_mix(stack)) as load:
            load.await_count(ENOUGH)
    what = "an authorizer that answers an empty verdict, an allow for Envoy: the servers refuse"
    findings.rows.append(row_of(load, 0.0, "F4", what, 0.0, ""))
    assert statuses(load, 0.0, may_pass=True) == statuses(load, 0.0, may_pass=False) == {403}
