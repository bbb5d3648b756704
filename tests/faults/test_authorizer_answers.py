"""F4: an authorizer that raises, hangs, or answers what cannot be read. Envoy falls shut; nothing reaches a server."""

from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest

from tests.support.fake_authorizer import Check, aborts, answers_garbage, fake_authorizer, hangs, raises
from tests.support.faults import Findings, row_of, says_try_later, statuses
from tests.support.load import steady_load, usual_mix
from tests.support.recorder import RecordingGateway, RecordingServer, mutual_tls, native_envoy, settings_beside
from tests.support.stack import Stack

ENOUGH = 36

ANSWERS: Mapping[str, Check] = {
    "raises": raises,
    "answers PERMISSION_DENIED instead of a verdict": aborts(grpc.StatusCode.PERMISSION_DENIED),
    "answers garbage": answers_garbage,
    "answers nothing": hangs,
}


@pytest.mark.covers("F4", "R4")
@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=pytest.mark.short if how == "raises" else ()) for how in ANSWERS]
)
def test_an_authorizer_that_gives_no_verdict_lets_nothing_through(
    stack: Stack, tmp_path: Path, findings: Findings, how: str
) -> None:
    """That the real one never answers an empty verdict, which would be an allow, is shown where it is made."""
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
