"""Arguments are fitted to a method as if every step always ran, although most calls skip steps that cannot matter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.app.planning import CallRequest, plan_checked
from b24_mcp.catalog import ClashError, choose_version, known_methods, nest_brackets
from b24_mcp.errors import B24Error

ONLY_V2 = "crm.deal.list"
ONLY_V3 = "call.followup.list"
BOTH = ["tasks.task.get", "tasks.task.update", "tasks.task.list"]
UNKNOWN = "vendor.gizmo.list"
NAMES = ["id", "ID", "taskId", "filter", "select", "fields", "order", "navParams", "x"]
IN_BRACKETS = ["filter[>ID]", "fields[TITLE]", "fields[]", "select[]", "x[", "x]", "[id]", "a[b][c]", "id[0]"]
VALUE = st.recursive(
    st.sampled_from([None, True, 1, "1", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, *IN_BRACKETS]), inner, max_size=3)
    ),
    max_leaves=8,
)
PARAMS = st.dictionaries(st.sampled_from([*NAMES, *IN_BRACKETS]), VALUE, max_size=4)


@given(method=st.sampled_from([ONLY_V2, ONLY_V3, *BOTH, UNKNOWN]), params=PARAMS)
def test_names_in_brackets_and_the_version_are_read_as_without_shortcuts(
    method: str, params: dict[str, object]
) -> None:
    request = CallRequest(method, params, validate=False)
    try:
        nested = nest_brackets(params)
    except ClashError as exc:
        with pytest.raises(B24Error, match=re.escape(f"{exc}: keep one of them.")):
            plan_checked(request, arranging=True)
        return
    planned = plan_checked(request, arranging=True)
    assert planned.params == nested.params
    assert planned.warnings == nested.changes
    assert planned.version == choose_version(known_methods(), method, nested.params)


@pytest.mark.parametrize(
    ("params", "nested"),
    [
        ({"filter[>ID]": 1}, {"filter": {">ID": 1}}),
        ({"filter": {"DATE[from]": 1}}, {"filter": {"DATE": {"from": 1}}}),
        ({"order": {"ID": "ASC"}, "select[]": ["ID"]}, {"order": {"ID": "ASC"}, "select": ["ID"]}),
    ],
)
def test_names_in_brackets_are_nested_at_the_top_and_inside_filters(
    params: dict[str, object], nested: dict[str, object]
) -> None:
    planned = plan_checked(CallRequest(ONLY_V2, params, validate=False), arranging=True)
    assert planned.params == nested
    assert len(planned.warnings) == 1


@pytest.mark.parametrize("params", [{"id": 1}, {"taskId": 1}, {"id": 1, "select": ["id"]}, {"ID": 1}, {}])
@pytest.mark.parametrize("method", BOTH)
def test_a_method_in_both_versions_is_called_in_the_version_that_its_parameters_fit(
    method: str, params: dict[str, object]
) -> None:
    assert len(known_methods().versions(method)) == 2
    planned = plan_checked(CallRequest(method, params, validate=False))
    assert planned.version == choose_version(known_methods(), method, params)


def test_a_method_in_one_version_is_called_in_it() -> None:
    assert known_methods().versions(ONLY_V3) == ["v3"]
    assert plan_checked(CallRequest(ONLY_V3, {}, validate=False)).version == "v3"
    assert plan_checked(CallRequest(ONLY_V2, {}, validate=False)).version == "v2"
    assert plan_checked(CallRequest(UNKNOWN, {}, validate=False)).version == "v2"
