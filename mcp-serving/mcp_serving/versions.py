"""The revisions of MCP that are served, newest first."""

MODERN = ("2026-07-28",)
"""Each request names its revision in ``params._meta``. Nothing comes before it and nothing is remembered."""

LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
"""A client says ``initialize`` first. Their differences do not show in a server that has tools alone."""

SUPPORTED = (*MODERN, *LEGACY)
"""What a client is told. Both eras, as in the specification's example (MCP 2026-07-28, "Protocol Version
Negotiation"), so that a client that has no modern one in common learns that ``initialize`` would do; the SDKs' servers
name modern ones alone."""
