"""JSON Schema 2020-12, as an independent reader of the schemas that tools publish."""

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]


def check_schema(schema: dict[str, Any]) -> None:
    """Raises unless ``schema`` is itself a valid schema."""
    Draft202012Validator.check_schema(schema)


def check_instance(instance: Any, schema: dict[str, Any]) -> None:
    """Raises unless ``instance`` conforms to ``schema``, formats included."""
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(instance)
