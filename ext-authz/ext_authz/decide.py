"""The decision: a pure function of what the token says, what the policy says, what is asked, and the time."""

from ext_authz.claims import Claims
from ext_authz.operation import HttpRequest, Operation, read_operation
from ext_authz.policy import Resource
from ext_authz.verdict import Allow, Deny, Reason, Verdict

CLOCK_LEEWAY_SECONDS = 5
"""By how much this machine's clock and the authorization server's may differ (RFC 7519 §4.1.4, §4.1.5)."""


def decide(claims: Claims, resource: Resource, request: HttpRequest, now: float) -> Verdict:
    """Whether ``request`` may reach ``resource`` with a token of these ``claims`` at ``now`` (seconds since 1970).

    The token is judged before the body is read: what a stranger sends is not worth reading.
    """
    if fault := token_fault(claims, resource, now):
        return Deny(fault, resource.scopes)
    operation = read_operation(request)
    if isinstance(operation, Deny):
        return operation
    return permit(claims, resource, operation)


def token_fault(claims: Claims, resource: Resource, now: float) -> Reason | None:
    """Why the token is not valid at this resource now, whatever is asked; None if it is."""
    if now >= claims.expires_at + CLOCK_LEEWAY_SECONDS:
        return Reason.TOKEN_EXPIRED
    if claims.not_before is not None and now < claims.not_before - CLOCK_LEEWAY_SECONDS:
        return Reason.TOKEN_NOT_YET_VALID
    # MCP, "Token Audience Binding": a server must take only tokens issued for itself. Compared whole, like a scope.
    if resource.url not in claims.audience:
        return Reason.TOKEN_FOR_ANOTHER_RESOURCE
    return None


def permit(claims: Claims, resource: Resource, operation: Operation) -> Verdict:
    """Whether the token's scopes cover the operation. A missing scope is answered with all that the operation needs."""
    tool, message_id, held = operation.tool, operation.message_id, claims.identity.scopes
    needed = resource.scopes if tool is None else resource.tools.get(tool, resource.scopes)
    if not needed <= held:
        return Deny(Reason.SCOPE_MISSING, needed, message_id, tool)
    if tool is not None and tool not in resource.tools:
        return Deny(Reason.TOOL_UNLISTED, needed, message_id, tool)
    return Allow(claims.identity, tool)
