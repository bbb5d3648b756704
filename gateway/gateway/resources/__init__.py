"""Puts other people's MCP servers behind the gateway: the commands `add`, `remove`, `apply` and `policy coverage`."""
