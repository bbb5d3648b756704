"""Looks at the three files as they would become, before anything is written."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from gateway.certificates import ensure_certificates
from gateway.policy import PolicyUnreadable, parse_policy
from gateway.resources.errors import NotValid
from gateway.resources.files import Texts
from gateway.runner.envoy import validate_topology
from gateway.runner.errors import StartFailed
from gateway.settings import Settings

EXT_AUTHZ = "envoy.filters.http.ext_authz"
CHECK_POLICY = (sys.executable, "-m", "ext_authz.check_policy")  # its own program: the gateway imports nothing of it
CHECK_DEADLINE = 60.0


def check(settings: Settings, texts: Texts) -> None:
    """The authorizer accepts the policy, Envoy its configuration, the realm is JSON, and they speak of the same.

    Raises:
        NotValid: one of them refuses; the sentence is its own.
    """
    with tempfile.TemporaryDirectory(prefix="mcp-gateway-") as name:
        folder = Path(name)
        _check_policy(folder / "policy.yaml", texts.policy)
        _check_agreement(texts)
        _check_realm(texts)
        _check_envoy(folder, settings, texts.envoy)


def _check_policy(file: Path, text: str) -> None:
    file.write_bytes(text.encode())
    done = subprocess.run(
        [*CHECK_POLICY, str(file)], capture_output=True, text=True, timeout=CHECK_DEADLINE, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it does not say why"]
        raise NotValid(f"the authorizer refuses the policy: {said[-1].replace(str(file), 'policy.yaml')}")


def _check_agreement(texts: Texts) -> None:
    """Each resource has the route that carries its name, and each such route its resource."""
    try:
        wanted = {name: resource.path for name, resource in parse_policy(texts.policy).items()}
        routed = dict(routed_resources(yaml.safe_load(texts.envoy)))
    except (yaml.YAMLError, PolicyUnreadable, KeyError, TypeError) as error:
        raise NotValid(f"envoy.yaml cannot be read: {' '.join(str(error).split())}") from error
    for name in sorted({*wanted, *routed}):
        if wanted.get(name) != routed.get(name):
            raise NotValid(
                f"policy.yaml has {name!r} at {wanted.get(name, 'no path')},"
                f" and envoy.yaml's route for it is at {routed.get(name, 'no path')}: they must be the same"
            )


def routed_resources(bootstrap: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The resources that Envoy's routes name, each with the path of its route."""
    for route in routes(bootstrap):
        settings = route.get("typed_per_filter_config", {}).get(EXT_AUTHZ, {}).get("check_settings", {})
        if name := settings.get("context_extensions", {}).get("resource"):
            yield name, route["match"].get("path_separated_prefix", "a path of another kind")


def routes(bootstrap: dict[str, Any]) -> list[dict[str, Any]]:
    """The routes of the listener that clients reach."""
    listener = next(one for one in bootstrap["static_resources"]["listeners"] if one["name"] == "https")
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    found: list[dict[str, Any]] = manager["route_config"]["virtual_hosts"][0]["routes"]
    return found


def _check_realm(texts: Texts) -> None:
    """Each scope that is offered is defined, once."""
    try:
        realm = json.loads(texts.realm)
        defined = [scope["name"] for scope in realm["clientScopes"]]
        offered = {*realm["defaultOptionalClientScopes"]}
        for client in realm["clients"]:
            offered |= {*client.get("optionalClientScopes", [])}
    except (ValueError, KeyError, TypeError) as error:
        raise NotValid(f"realm-export.json cannot be read as a realm ({error})") from error
    if missing := sorted(offered - set(defined)):
        raise NotValid(f"realm-export.json offers the scope {missing[0]!r}, which it does not define")
    if twice := sorted({name for name in defined if defined.count(name) > 1}):
        raise NotValid(f"realm-export.json defines the scope {twice[0]!r} twice")


def _check_envoy(folder: Path, settings: Settings, text: str) -> None:
    """Envoy itself reads it, with certificates that are thrown away again: there may be none yet."""
    shutil.copytree(settings.home / "envoy", folder / "envoy")
    (folder / "envoy" / "envoy.yaml").write_bytes(text.encode())
    ensure_certificates(folder / "certs", public_host=settings.public_host)
    places = {"home": folder, "certs_dir": folder / "certs", "state_dir": folder / "state"}
    try:
        validate_topology(settings.model_copy(update=places))
    except StartFailed as error:
        raise NotValid(error.sentence.replace(str(folder), "")) from error
