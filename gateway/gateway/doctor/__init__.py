"""`mcp-gateway doctor`: walks a client's path to an MCP server step by step, and says what is wrong and what mends it.

`table` has the steps in their order. A step fetches (`wire`) and judges (pure functions from answers to findings); what
it learnt for later steps it puts into the `case`. `present` shows the outcome, `command` is the command line.
"""
