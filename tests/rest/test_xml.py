"""XML ends in the same form as JSON, as far as XML keeps the types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer
from b24_mcp.rest.wire.answer import HttpReply, read_answer
from b24_mcp.rest.wire.request import Request
from tests.fake_portal import FakePortal, Page, Reply, listed, open_portal, php_text, php_xml


async def call(xml: str, method: str = "crm.deal.get", content_type: str = "text/xml; charset=utf-8") -> Answer:
    async with open_portal(FakePortal([Reply(xml, content_type=content_type)])) as portal:
        return await portal.call(method, format="xml")


CASES: dict[str, tuple[str, Any]] = {
    "text": ("<result>5</result>", "5"),
    "leading zeros": ("<result>007</result>", "007"),
    "map": ("<result><ID>1</ID><TITLE>A</TITLE></result>", {"ID": "1", "TITLE": "A"}),
    "list": ("<result><item>1</item><item>2</item></result>", ["1", "2"]),
    "list of one": ("<result><item><ID>1</ID></item></result>", [{"ID": "1"}]),
    "lists in a list": ("<result><item><item>1</item></item></result>", [["1"]]),
    "empty element": ("<result></result>", ""),
    "short empty element": ("<result/>", ""),
    "empty inside": ("<result><a></a><b/></result>", {"a": "", "b": ""}),
    "empty in a list": ("<result><item></item><item>x</item></result>", ["", "x"]),
    "entities": ("<result>&lt;b&gt; &amp;amp; &quot;x&quot; &apos;y&apos; &#1071;</result>", "<b> &amp; \"x\" 'y' Я"),
    "white space": ("<result> a\n b </result>", " a\n b "),
    "only white space": ("<result><a> </a></result>", {"a": " "}),
    "lines between elements": ("<result>\n  <a>1</a>\n  <b>2</b>\n</result>", {"a": "1", "b": "2"}),
    "not ASCII": ("<result><имя>Я中😀</имя></result>", {"имя": "Я中😀"}),
    "item beside others": ("<result><item>1</item><x>2</x></result>", {"item": "1", "x": "2"}),
    "repeated name": ("<result><a>1</a><a>2</a></result>", {"a": "2"}),
}


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0'?>\n"])
@pytest.mark.parametrize(("xml", "result"), CASES.values(), ids=CASES.keys())
async def test_xml_is_read_as_the_json_would_be(xml: str, result: Any, declaration: str) -> None:
    answer = await call(f"{declaration}<response>{xml}</response>")
    assert answer.result == result
    assert answer.warnings


async def test_an_xml_list_has_total_next_and_time_as_numbers() -> None:
    fake = FakePortal(methods={"crm.deal.list": lambda _: Page([{"ID": "1"}], 120, 50)})
    async with open_portal(fake) as portal:
        xml = await portal.call("crm.deal.list", format="xml")
        plain = await portal.call("crm.deal.list")
    assert [request.method for request in fake.requests] == ["crm.deal.list.xml", "crm.deal.list"]
    assert (xml.result, xml.total, xml.next, xml.time) == (plain.result, plain.total, plain.next, plain.time)


@pytest.mark.parametrize(
    ("xml", "method", "result"),
    [
        ("<result></result>", "crm.deal.list", []),
        ("<result><items></items></result>", "crm.item.list", {"items": []}),
        ("<result></result>", "crm.deal.get", ""),
    ],
)
async def test_an_empty_list_is_restored_if_the_method_is_known_to_return_one(
    xml: str, method: str, result: Any
) -> None:
    assert (await call(f"<response>{xml}</response>", method)).result == result


async def test_a_json_answer_to_a_call_for_xml_keeps_its_types() -> None:
    assert (await call('{"result":{"ID":5}}', content_type="application/json")).result == {"ID": 5}


_BOMB = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BROKEN: dict[str, str] = {
    "cut short": "<response><result>1</res",
    "not closed": "<response><result>1</response>",
    "two roots": "<response><result>1</result></response><response/>",
    "raw ampersand": "<response><result>a & b</result></response>",
    "key with a space": "<response><result><a b>1</a b></result></response>",
    "key with a digit first": "<response><result><1>1</1></result></response>",
    "control character": "<response><result>\x01</result></response>",
    "unknown entity": "<response><result>&nope;</result></response>",
    "entity declared": '<!DOCTYPE x [<!ENTITY e "boo">]><response><result>&e;</result></response>',
    "file entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><response><result>&e;</result></response>',
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "lol">{_BOMB}]><response><result>&l9;</result></response>',
    "entity of DTD": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><response><result/></response>',
    "wrong root": "<html><body>busy</body></html>",
    "list at the root": "<response><item>1</item></response>",
    "text at the root": "<response>busy</response>",
    "empty root": "<response></response>",
    "wrong encoding": '<?xml version="1.0" encoding="x-none"?><response><result>1</result></response>',
    "nested without end": "<response><result>" + "<a>" * 5000 + "</a>" * 5000 + "</result></response>",
}


@pytest.mark.parametrize("xml", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_or_dangerous_xml_is_not_an_answer(xml: str) -> None:
    with pytest.raises(B24Error) as caught:
        await call(xml)
    fault = caught.value.fault
    assert (fault.code, fault.executed) == ("B24MCP_BAD_ANSWER", "unknown")
    assert "root:" not in fault.message
    assert "boo" not in fault.message


_CHARS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])
_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name != "item")
_TREES = st.recursive(
    st.text(_CHARS, min_size=1, max_size=8) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_NAMES, inner, min_size=1, max_size=3),
    max_leaves=10,
)


def _as_xml_knows_it(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_xml_knows_it(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_xml_knows_it(inner) for inner in value]
    return php_text(value)


@given(_TREES)
def test_whatever_the_portal_writes_in_xml_is_read_back(value: Any) -> None:
    xml = f"<response><result>{php_xml(value)}</result></response>".encode()
    answer = read_answer(HttpReply(200, "text/xml", xml), Request("crm.deal.get", {}, format="xml"))
    assert answer.result == listed(_as_xml_knows_it(value))
