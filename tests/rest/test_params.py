"""Parameters that the portal would lose, change or misread are refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from tests.fake_portal import FakePortal, Reply, open_portal


def _nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


REFUSED: dict[str, Any] = {
    **{name: {name: "x"} for name in ("auth", "access_token", "aplogin", "ap", "sessid", "token")},
    # The portal removes this one silently.
    "state": {"state": "x"},
    "half a surrogate pair": {"fields": {"TITLE": "a\ud83d"}},
    "half a surrogate pair in a name": {"fields": {"\udc00": "x"}},
    "not a number": {"fields": {"OPPORTUNITY": float("nan")}},
    "infinity": {"fields": [float("-inf")]},
    "too deep": _nested(70),
    "endlessly deep": _nested(5000),
}


@pytest.mark.parametrize("params", REFUSED.values(), ids=REFUSED.keys())
async def test_it_is_refused_in_a_call_and_in_a_batch(params: Any) -> None:
    fake = FakePortal([Reply({"result": 1})] * 2)
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error) as alone:
            await portal.call("crm.deal.add", params)
        with pytest.raises(B24Error) as together:
            await portal.batch({"a": {"method": "profile"}, "b": {"method": "crm.deal.add", "params": params}})
    assert fake.requests == []
    for error in (alone.value, together.value):
        assert (error.fault.code, error.fault.executed, error.fault.kind) == ("B24MCP_PARAMS", "no", "validation")
    assert "'b'" in together.value.fault.message


@pytest.mark.parametrize("name", ["auth", "token", "state", "ap"])
async def test_below_the_top_such_names_are_ordinary_fields(name: str) -> None:
    fake = FakePortal([Reply({"result": 1})])
    async with open_portal(fake) as portal:
        await portal.call("crm.deal.add", {"fields": {name: "x"}})
    assert fake.requests[0].json == {"fields": {name: "x"}}


async def test_a_positional_text_that_holds_the_method_name_is_refused() -> None:
    """The portal drops such a text from the arguments, so the later ones would move up."""
    fake = FakePortal([Reply({"result": 1})])
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error, match="task"):
            await portal.call("task.commentitem.add", ["see task.commentitem.add", {"POST_MESSAGE": "x"}])
    assert fake.requests == []


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**5_000], ids=["over", "under", "far over"])
async def test_a_whole_number_that_the_portal_would_round_is_refused(number: int) -> None:
    fake = FakePortal([Reply({"result": 1})])
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error, match="64 bits"):
            await portal.call("crm.deal.add", {"fields": {"ORIGIN_ID": number}})
    assert fake.requests == []


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63) + 1, 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=15,
    )
)
async def test_a_single_call_carries_every_json_value_unchanged(value: Any) -> None:
    fake = FakePortal([Reply({"result": 1}), Reply({"result": 1})])
    async with open_portal(fake) as portal:
        await portal.call("crm.deal.add", {"fields": value})
        await portal.call("task.item.add", [7, value if not isinstance(value, str) else 1])
    assert fake.requests[0].json == {"fields": value}
    assert fake.requests[1].json[0] == 7


async def test_no_parameters_are_sent_as_an_empty_object() -> None:
    fake = FakePortal([Reply({"result": 1})] * 3)
    async with open_portal(fake) as portal:
        await portal.call("profile")
        await portal.call("profile", {})
        await portal.call("task.item.list", [{}, {"ID": 1}, [], ["ID"]])
    assert [request.body for request in fake.requests[:2]] == [b"{}", b"{}"]
    assert fake.requests[2].json == [{}, {"ID": 1}, [], ["ID"]]


@pytest.mark.parametrize(
    "commands",
    [
        {},
        {"": {"method": "profile"}},
        {" ": {"method": "profile"}},
        {"a b": {"method": "profile"}},
        {"a]": {"method": "profile"}},
        {"x" * 200: {"method": "profile"}},
        {"a": {}},
        {"a": {"method": 5}},
        {"a": {"method": "profile", "params": "x"}},
    ],
)
async def test_commands_that_cannot_be_named_or_read_are_refused(commands: Any) -> None:
    fake = FakePortal()
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.batch(commands)
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_COMMANDS", "no")
    assert fake.requests == []
