"""`mcp-gateway doctor --attacks`: what a gateway must refuse, sent to it byte by byte, and how it answered.

`table` gathers the attacks, one module per class of them; each is a value: bytes to send and what is expected of the
answer (`expecting`). `exchange` sends, `run` walks through them under one deadline, `shown` prints them. Nothing here
changes the state of a server: messages are `ping` and `tools/list`, and tools are called only where they must refuse.
"""
