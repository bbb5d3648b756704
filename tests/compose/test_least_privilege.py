"""What each container may do, as the engine holds it to it, and not only as docker-compose.yml asks (S20)."""

import pytest

from tests.support.compose import JOBS_IMAGE, ONCE, SERVICES, beside, compose, container_of, docker, inspect

USERS = {
    "envoy": "65532:65532",
    "ext-authz": "10001:10001",
    "mcp-weather": "10002:10002",
    "mcp-calculator": "10003:10003",
    "keycloak": "1000:0",
    "realm": "10004:10004",
    "certs": "0:0",
}
PYTHON = ("ext-authz", "mcp-weather", "mcp-calculator")


@pytest.mark.covers("S20", "D4")
@pytest.mark.parametrize("service", USERS)
def test_each_container_is_locked_down(service: str) -> None:
    container = inspect(container_of(service))
    host = container["HostConfig"]
    assert container["Config"]["User"] == USERS[service]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["PidMode"] == ""
    assert not [mount for mount in container["Mounts"] if "docker.sock" in mount.get("Source", "")]


@pytest.mark.covers("S20")
def test_only_the_certificates_job_has_capabilities_and_it_has_no_network() -> None:
    added = {service: inspect(container_of(service))["HostConfig"]["CapAdd"] or [] for service in USERS}
    plain = {service: [name.removeprefix("CAP_") for name in names] for service, names in added.items() if names}
    assert plain == {"certs": ["CHOWN", "DAC_OVERRIDE", "FOWNER"]}
    assert inspect(container_of("certs"))["HostConfig"]["NetworkMode"] == "none"


@pytest.mark.covers("S20")
@pytest.mark.parametrize("service", SERVICES)
def test_the_kernel_agrees(service: str) -> None:
    """Its first process has no capability, in any set, and cannot gain one; and it is nobody's root."""
    code = "print(open('/proc/1/status').read())"
    looking = ("run", "--rm", "--pid", f"container:{container_of(service)}", "--entrypoint", "python", JOBS_IMAGE)
    status = dict(line.split(":\t", 1) for line in docker(*looking, "-c", code).splitlines() if ":\t" in line)
    assert {
        name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    } == dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Uid"].split() == [USERS[service].split(":")[0]] * 4


@pytest.mark.covers("S20")
@pytest.mark.parametrize("service", PYTHON)
@pytest.mark.parametrize("path", ["/opt/venv/new", "/etc/new", "/root/new"])
def test_the_root_file_system_takes_nothing(service: str, path: str) -> None:
    code = f"""
try: open({path!r}, "w")
except OSError as error: print(type(error).__name__, error.errno)
"""
    assert compose("exec", "-T", service, "python", "-c", code).split()[0] in {"OSError", "PermissionError"}


@pytest.mark.covers("S20")
@pytest.mark.parametrize("service", [*PYTHON, "keycloak", "certs"])
def test_no_image_of_ours_holds_a_secret_or_a_key(service: str) -> None:
    image = docker("inspect", "--format", "{{.Image}}", container_of(service)).strip()
    [variables] = [one.lower() for one in docker("inspect", "--format", "{{.Config.Env}}", image).splitlines()]
    assert not [word for word in ("secret", "password", "token") if word in variables]
    listing = docker(
        "run", "--rm", "--entrypoint", "/bin/bash", image, "-O", "globstar", "-c", "ls -d /opt/**/*.key || true"
    )
    assert listing == ""


@pytest.mark.covers("D4")
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_again_by_itself(service: str) -> None:
    assert inspect(container_of(service))["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.covers("D4")
@pytest.mark.parametrize("service", sorted({*SERVICES} - {"envoy"}))
def test_a_service_says_that_it_is_healthy(service: str) -> None:
    assert inspect(container_of(service))["State"]["Health"]["Status"] == "healthy"


@pytest.mark.covers("D4")
@pytest.mark.parametrize("job", ONCE)
def test_a_job_has_ended_well(job: str) -> None:
    state = inspect(container_of(job))["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


@pytest.mark.covers("S11", "S20")
def test_the_admin_interface_is_on_loopback_inside_the_container() -> None:
    """So that the dashboard's list is all that anybody outside of it reads."""
    code = """
import socket
addresses = ("127.0.0.1", socket.gethostbyname(socket.gethostname()))
print([socket.socket().connect_ex((address, 9901)) == 0 for address in addresses])
"""
    assert beside(container_of("envoy"), code).strip() == "[True, False]"
