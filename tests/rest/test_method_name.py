"""Method names: what is sent is exactly what the portal will run, and nothing else is sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest import check_method_name
from tests.fake_portal import FakePortal, Reply, open_portal

GRAMMAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")

# Names, and names with one thing wrong with them, are far likelier to slip through than random text.
_PART = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
_NAME = st.lists(_PART | st.sampled_from(["json", "xml", "JSON", "Xml", "batch", "list"]), min_size=1, max_size=4).map(
    ".".join
)
_SPOILT = st.tuples(
    _NAME,
    st.sampled_from(
        [
            "",
            "\n",
            " ",
            ".",
            "..",
            "/",
            "?a=1",
            "#x",
            "%2e",
            "\0",
            "\u0430",
            "\u0660",
            ".json",
            ".XML",
            ".Json/",
            "\\",
            "+",
        ]
    ),
    _NAME | st.just(""),
).map("".join)
NAMES = _NAME | _SPOILT | st.text(max_size=20)


def sendable(name: str) -> bool:
    """Whether a name fits the grammar, without an ending that the portal strips and without a batch inside."""
    return (
        GRAMMAR.fullmatch(name) is not None
        and len(name) <= 128
        and not re.search(r"\.(json|xml)\Z", name, re.IGNORECASE)
        and name.lower() != "batch"
    )


@given(NAMES)
def test_a_name_is_accepted_exactly_when_the_portal_reads_it_as_written(name: str) -> None:
    if sendable(name):
        check_method_name(name)
        return
    with pytest.raises(B24Error) as caught:
        check_method_name(name)
    fault = caught.value.fault
    assert (fault.code, fault.executed, fault.kind) == ("B24MCP_METHOD_NAME", "no", "validation")


@given(NAMES)
async def test_no_other_name_reaches_the_wire(name: str) -> None:
    fake = FakePortal(methods={}, replies=[Reply({"result": True})])
    async with open_portal(fake) as portal:
        try:
            await portal.call(name)
        except B24Error:
            assert fake.requests == []
            assert not sendable(name)
        else:
            assert [request.method for request in fake.requests] == [name]


@given(NAMES)
async def test_no_other_name_reaches_the_wire_inside_a_batch(name: str) -> None:
    fake = FakePortal(methods={name: lambda _: "ran"})
    async with open_portal(fake) as portal:
        try:
            await portal.batch({"a": {"method": name}})
        except B24Error:
            assert fake.requests == []
            assert not sendable(name) or name.lower() in ("download", "upload")
        else:
            assert [list(request.commands.values()) for request in fake.requests] == [[(name, [])]]


@pytest.mark.parametrize("name", ["crm.deal.list", "imbot.v2.Bot.list", "im.v2.Event.get", "profile", "json.x", "a.1"])
async def test_a_name_is_sent_as_it_was_spelt(name: str) -> None:
    fake = FakePortal([Reply({"result": 1}), Reply("<response><result>1</result></response>", content_type="text/xml")])
    async with open_portal(fake) as portal:
        assert (await portal.call(name)).method == name
        assert (await portal.call(name, format="xml")).method == name
    assert [request.method for request in fake.requests] == [name, f"{name}.xml"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("crm.deal.list.json", "json"),
        ("crm.deal.list.XML", "xml"),
        ("crm.deal.get?id=5", "crm.deal.get"),
        (" crm.deal.get", "white space"),
        ("crm.deal.get\n", "white space"),
        ("../crm.deal.get", "path"),
        ("crm.сделка.list", "Latin"),
        ("", "empty"),
        ("a" * 129, "128"),
    ],
)
def test_a_refusal_says_what_to_write(name: str, advice: str) -> None:
    with pytest.raises(B24Error, match=re.escape(advice)):
        check_method_name(name)


@pytest.mark.parametrize("name", ["batch", "Batch", "BATCH"])
async def test_a_batch_is_not_called_by_name_nor_nested(name: str) -> None:
    fake = FakePortal()
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error, match="batch"):
            await portal.call(name, {"cmd": {"a": "profile"}})
        with pytest.raises(B24Error) as caught:
            await portal.batch({"a": {"method": "profile"}, "b": {"method": name, "params": {"cmd": {}}}})
    assert "'b'" in caught.value.fault.message
    assert fake.requests == []


@pytest.mark.parametrize("name", ["download", "upload", "Download"])
async def test_a_method_that_the_portal_forbids_in_a_batch_is_refused(name: str) -> None:
    fake = FakePortal()
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error, match="batch"):
            await portal.batch({"a": {"method": name}})
    assert fake.requests == []
