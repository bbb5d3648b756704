"""Where the value of an option came from: somebody typed it, or a variable of the environment has it."""

import typer


def is_typed(context: typer.Context, name: str) -> bool:
    """Whether the parameter `name` stands on the command line."""
    return _source(context, name) == "COMMANDLINE"


def is_variable(context: typer.Context, name: str) -> bool:
    """Whether its value is that of its environment variable."""
    return _source(context, name) == "ENVIRONMENT"


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source else ""
