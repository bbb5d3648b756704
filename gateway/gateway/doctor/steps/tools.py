"""The tools: how many, and whether a client can make sense of what they take."""

from gateway.doctor.case import Case
from gateway.doctor.findings import Findings, failure, or_ok, warning
from gateway.doctor.rpc import Era, error_of, reply, request
from gateway.doctor.steps.protocol import call, result_of
from gateway.doctor.wire import Json

MAX_PAGES = 20
MAX_FINDINGS = 5


async def tools(case: Case) -> Findings:
    """Every page of the list, in the era that most clients speak where the server has it."""
    era = Era.LEGACY if Era.LEGACY in case.eras else Era.MODERN
    found: list[object] = []
    cursor: Json = {}
    for _ in range(MAX_PAGES):
        answer = await call(case, era, request(era, "tools/list", cursor), case.session if era is Era.LEGACY else None)
        page = result_of(answer)
        if not isinstance(page.get("tools"), list):
            said = error_of(reply(answer)) or f"{answer.status} without a list"
            return [failure(f"tools/list is answered {said}", "look into the log of the MCP server")]
        found += page["tools"]
        if not page.get("nextCursor"):
            return judge_tools(found)
        cursor = {"cursor": page["nextCursor"]}
    return [failure(f"the list does not end after {MAX_PAGES} pages", "leave nextCursor out of the last page")]


def judge_tools(found: list[object]) -> Findings:
    """Names that are unique, and an input schema of an object for each."""
    if not found:
        return [warning("the list is empty", "check the server's tools, and whether the token's scopes hide them")]
    findings = [finding for tool in found for finding in _judge_tool(tool)]
    names = [str(tool.get("name")) for tool in found if isinstance(tool, dict)]
    doubled = sorted({name for name in names if names.count(name) > 1}) if len(names) < 10_000 else []  # noqa: PLR2004
    findings += [failure(f"{name} is listed twice", "give each tool a name of its own") for name in doubled]
    return or_ok(findings[:MAX_FINDINGS], f"{len(found)}: {', '.join(names)}")


def _judge_tool(tool: object) -> Findings:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str) or not tool["name"]:
        return [failure("a tool has no name", "name every tool")]
    schema = tool.get("inputSchema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return [
            failure(
                f"{tool['name']} has no inputSchema of type object", 'give it one; {"type": "object"} for no arguments'
            )
        ]
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return [
            failure(f"the inputSchema of {tool['name']} is no JSON Schema", "properties is an object, required a list")
        ]
    unknown = [str(name) for name in required if not isinstance(name, str) or name not in properties]
    fix = "describe every required argument in properties"
    return (
        [warning(f"{tool['name']} requires {', '.join(unknown)}, which it does not describe", fix)] if unknown else []
    )
