"""The field numbers that the authorizer relies on, against a .proto written by hand and compiled by grpcio-tools."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from ext_authz import xds
from ext_authz.grpc_service import to_check_response, to_http_request
from ext_authz.identity import Identity
from ext_authz.verdict import Allow, Deny, Reason
from grpc_tools import protoc  # type: ignore[import-untyped]

from tests.support.authz import shipped_policy, tool_call

PROTO = Path(__file__).parents[2] / "support" / "proto" / "ext_authz_contract.proto"


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("proto")
    assert protoc.main(["protoc", f"-I{PROTO.parent}", f"--python_out={folder}", str(PROTO)]) == 0
    spec = importlib.util.spec_from_file_location("ext_authz_contract_pb2", folder / "ext_authz_contract_pb2.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.covers("K2", "K4")
def test_a_request_written_by_the_contract_is_read_whole(contract: ModuleType) -> None:
    written = contract.CheckRequest()
    http = written.attributes.request.http
    http.method, http.path, http.raw_body = "POST", "/mcp/weather?token=x", tool_call()
    http.headers["authorization"] = "Bearer abc"
    http.headers["content-type"] = "application/json"
    written.attributes.context_extensions["resource"] = "weather"

    read = to_http_request(xds.CheckRequest.FromString(written.SerializeToString()).attributes)

    assert (read.resource, read.method, read.path) == ("weather", "POST", "/mcp/weather")
    assert (read.authorization, read.content_type, read.body) == ("Bearer abc", "application/json", tool_call())


@pytest.mark.covers("K2", "A3")
def test_an_allowing_answer_is_read_by_the_contract_with_nothing_left_over(contract: ModuleType) -> None:
    allow = Allow(Identity("user-1", None, frozenset({"a", "b"})), None)
    read = contract.CheckResponse.FromString(to_check_response(allow, None).SerializeToString())
    assert read.HasField("status")
    assert read.status.code == 0
    assert {h.header.key: h.header.value for h in read.ok_response.headers} == {
        "x-user-sub": "user-1",
        "x-user-scopes": "a b",
    }
    assert {h.append_action for h in read.ok_response.headers} == {
        contract.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    }
    assert list(read.ok_response.headers_to_remove) == ["authorization", "x-user-email"]
    before = read.ByteSize()
    read.DiscardUnknownFields()
    assert read.ByteSize() == before


@pytest.mark.covers("K2", "A4")
@pytest.mark.parametrize("reason", Reason)
def test_a_denying_answer_is_read_by_the_contract_with_nothing_left_over(contract: ModuleType, reason: Reason) -> None:
    answer = to_check_response(Deny(reason), shipped_policy().resources["weather"])
    read = contract.CheckResponse.FromString(answer.SerializeToString())
    assert read.status.code != 0
    assert read.denied_response.status.code >= 204
    assert not read.HasField("ok_response")
    before = read.ByteSize()
    read.DiscardUnknownFields()
    assert read.ByteSize() == before
