"""The calculator's tools, with the scopes that each needs. The gateway's policy.yaml says the same; a test compares."""

from mcp_serving import ServerInfo, Tool, Toolbox

from mcp_calculator import arithmetic

INFO = ServerInfo(
    name="mcp-calculator",
    title="Calculator",
    version="0.1.0",
    instructions="Arithmetic that is exact with decimals. Pass numbers as JSON numbers, not as text.",
)
SCOPE = "mcp:calculator"
SCIENTIFIC = "mcp:calculator:scientific"


def calculator_toolbox() -> Toolbox:
    return Toolbox(
        INFO,
        scopes=[SCOPE],
        tools=[
            Tool.of(arithmetic.add, title="Add"),
            Tool.of(arithmetic.subtract, title="Subtract"),
            Tool.of(arithmetic.multiply, title="Multiply"),
            Tool.of(arithmetic.divide, title="Divide"),
            Tool.of(arithmetic.power, title="Power", scopes=[SCIENTIFIC]),
            Tool.of(arithmetic.sqrt, title="Square root", scopes=[SCIENTIFIC]),
        ],
    )
