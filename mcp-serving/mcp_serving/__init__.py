"""Serve typed Python functions as MCP tools over HTTP. A whole server::

info = ServerInfo("greeter", "Greeter", "1.0", "Greets people by name.")
toolbox = Toolbox(info, scopes=["mcp:greeter"], tools=[Tool.of(greet, title="Greet")])
settings = read_settings(ServerSettings)
sys.exit(serve(make_app(toolbox, settings), settings))
"""

from mcp_serving.app import make_app
from mcp_serving.progress import Progress
from mcp_serving.serve import serve
from mcp_serving.settings import ServerSettings, read_settings
from mcp_serving.tool import Hints, Tool, ToolFailure
from mcp_serving.toolbox import ServerInfo, Toolbox

__all__ = [
    "Hints",
    "Progress",
    "ServerInfo",
    "ServerSettings",
    "Tool",
    "ToolFailure",
    "Toolbox",
    "make_app",
    "read_settings",
    "serve",
]
