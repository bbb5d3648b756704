"""Packages import downwards only, and each outside system is known to one file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import ROOT

MAY_IMPORT = {
    "mcp_wire": set(),
    "mcp_serving": {"mcp_wire"},
    "mcp_weather": {"mcp_serving"},
    "mcp_calculator": {"mcp_serving"},
    "ext_authz": {"mcp_wire"},
    "gateway": set(),
}
FOLDERS = {package: ROOT / package.replace("_", "-") / package for package in MAY_IMPORT}
KNOWN_TO_ONE_FILE = [
    ("ext_authz", "keycloak", {"keycloak.py"}),
    ("ext_authz", "envoy", {"xds.py"}),
    ("ext_authz", "grpc._cython", {"completion_queue/core.py"}),
    ("mcp_serving", "jsonrpcserver", {"rpc.py"}),
    ("mcp_serving", "oslash", set()),
    ("gateway", "jgo", {"runner/keycloak_download.py"}),
]


def imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_that_import(package: str, outside: str) -> set[str]:
    """``outside`` or something in it."""
    return {
        file.relative_to(FOLDERS[package]).as_posix()
        for file in FOLDERS[package].rglob("*.py")
        if any(f"{module}.".startswith(f"{outside}.") for module in imported_modules(file))
    }


@pytest.mark.covers("K3")
@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    ours = set(MAY_IMPORT) - {package}
    found = {other for other in ours if files_that_import(package, other)}
    assert found <= MAY_IMPORT[package]


@pytest.mark.parametrize(("package", "outside", "files"), KNOWN_TO_ONE_FILE)
def test_an_outside_system_is_known_to_its_adapter_only(package: str, outside: str, files: set[str]) -> None:
    assert files_that_import(package, outside) <= files
    assert files_that_import(package, outside) or not files


def test_the_decision_knows_neither_grpc_nor_keycloak_nor_http() -> None:
    pure = ("verdict", "bearer", "policy", "claims", "decide", "operation", "challenge", "identity")
    outside = {"grpc", "envoy", "keycloak", "aiohttp", "asyncio", "structlog", "prometheus_client"}
    for name in pure:
        modules = {module.split(".", maxsplit=1)[0] for module in imported_modules(FOLDERS["ext_authz"] / f"{name}.py")}
        assert not modules & outside, name


def test_the_grpc_server_knows_nothing_of_what_it_serves() -> None:
    for file in (FOLDERS["ext_authz"] / "completion_queue").glob("*.py"):
        own = {module for module in imported_modules(file) if module.startswith("ext_authz")}
        assert all(module.startswith("ext_authz.completion_queue.") for module in own), file.name
