import pytest
from mcp_serving import Tool, Toolbox
from mcp_serving.toolbox import MISSING_SCOPES, BeyondScopes

from tests.support.serving_sample import BASE, EXTRA, INFO, greet, sample_toolbox

ALL = frozenset({BASE, EXTRA})


@pytest.mark.covers("M7")
def test_the_order_of_the_list_is_the_order_of_the_tools() -> None:
    names = ["greet", "measure", "fail", "crash", "wait", "count", "falter", "big", "read", "secret"]
    for _ in range(2):
        assert [tool["name"] for tool in sample_toolbox().listing(ALL, BeyondScopes.SHOW)] == names


@pytest.mark.covers("M7")
def test_a_listed_tool_has_title_description_schemas_and_annotations() -> None:
    listed = sample_toolbox().listing(ALL, BeyondScopes.SHOW)[0]
    assert (listed["title"], listed["description"]) == ("Greet", "Greet someone by name.")
    assert listed["annotations"] == {
        "title": "Greet",
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": False,
    }
    assert listed.keys() == {"name", "title", "description", "inputSchema", "outputSchema", "annotations"}


@pytest.mark.covers("M8")
def test_a_tool_beyond_the_callers_scopes_is_shown_with_the_missing_ones() -> None:
    listed = sample_toolbox().listing(frozenset({BASE}), BeyondScopes.SHOW)
    assert listed[-1]["_meta"] == {MISSING_SCOPES: [EXTRA]}
    assert EXTRA in listed[-1]["description"]
    assert all("_meta" not in tool for tool in listed[:-1])


@pytest.mark.covers("M8")
def test_hiding_leaves_out_what_is_beyond_the_callers_scopes() -> None:
    listed = sample_toolbox().listing(frozenset({BASE}), BeyondScopes.HIDE)
    assert "secret" not in [tool["name"] for tool in listed]
    assert len(sample_toolbox().listing(ALL, BeyondScopes.HIDE)) == len(listed) + 1


def test_two_tools_of_one_name_are_refused() -> None:
    tool = Tool.of(greet, title="Greet")
    with pytest.raises(ValueError, match="same name"):
        Toolbox(INFO, scopes=[BASE], tools=[tool, tool])
