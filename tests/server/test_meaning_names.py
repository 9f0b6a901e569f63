"""Names that stand for something else: of records, methods, currencies, conditions and parameters.

One server and one portal serve the whole module.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import loopback_portal
from tests.server.conftest import Answer

Ask = Callable[..., Answer]

TASK = {"TITLE": "t", "RESPONSIBLE_ID": 1}
EVENT = {"type": "user", "ownerId": 1, "name": "x", "section": 1}
PROCESSES = ((1030, "Договоры аренды"), (1036, "Contracts"), (1040, "Offers"))


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Call a tool of the server of this module and return its parsed answer."""
    state = tmp_path_factory.mktemp("names")
    with pytest.MonkeyPatch.context() as patch, loopback_portal() as served, start_blocking_portal() as loop:
        for name in [name for name in os.environ if name.startswith("B24_")]:
            patch.delenv(name)
        for name in ("XDG_CONFIG_HOME", "B24_STATE", "B24_CONFIG", "B24_AUDIT", "B24_DATA_DIR"):
            patch.setenv(name, str(state / name.lower()))
        patch.setenv("B24_WEBHOOK_URL", served.address)
        patch.setenv("B24_APPROVAL", "off")
        patch.setenv("B24_DOCS", "off")
        with loop.wrap_async_context_manager(Client(build_server(Redactor()), mode="auto")) as client:

            def call(tool: str, **arguments: Any) -> Answer:
                result = loop.call(client.call_tool, tool, arguments)
                answer: Answer = json.loads(getattr(result.content[0], "text", ""))
                return answer

            for number, title in PROCESSES:
                about = {"title": title, "entityTypeId": number, "isStagesEnabled": "Y"}
                assert call("call_method", method="crm.type.add", params={"fields": about})["ok"]
            yield call


@pytest.fixture
def refused(ask: Ask) -> Callable[..., str]:
    """Call a method and return the message and the hint of the refusal, before which nothing was sent."""

    def refused_with(method: str, params: Any) -> str:
        error = ask("call_method", method=method, params=params)["error"]
        assert (error["code"], error["executed"]) == ("B24MCP_PARAMS", "no")
        return f"{error['message']} {error['hint']}"

    return refused_with


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("CRM_DEAL", "crm.deal", "crm_deals", "Crm Deal", "crm.deal.fields", "crm.deal.userfield.list", "D"), "deal"),
        (("deal fields", "entityTypeId: 2", "opportunities", "сделок"), "deal"),
        (("crm_contact", "CRM_CONTACT", "contact person", "crm.contact.userfield"), "contact"),
        (("tasks.task", "TASKS_TASK", "task.item", "tasks.task.getFields"), "task"),
        (("CRM_SMART_INVOICE", "smartInvoice", "смарт-счёт"), "invoice"),
        (("crm.invoice", "CRM_INVOICE"), "old_invoice"),
        (("crm.deal.productrows", "CRM_PRODUCT_ROW", "productRow"), "productrow"),
        (("crm.requisite.bankdetail",), "bankdetail"),
        (("DYNAMIC_1030", "CRM_DYNAMIC_1030", "dynamic1030", "smart process 1030", "T406", "CRM_1030"), "dynamic:1030"),
        (("договор аренды", "Договоры", "договоров"), "dynamic:1030"),
        (("contract", "Contracts list"), "dynamic:1036"),
        (("offers", "Offers"), "dynamic:1040"),
        (("offer", "proposals"), "quote"),
        (("list_1", "lists 1", "IBLOCK_ID=1", "iblock 1"), "list:1"),
    ],
)
def test_records_are_described_by_any_of_their_names(ask: Ask, names: tuple[str, ...], kind: str) -> None:
    for name in names:
        assert ask("describe_fields", entity=name).get("entity") == kind, name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("client", "contact or company may be meant"),
        ("DEAL_STAGE", "deal may be meant"),
        ("crm.deal.contact", "deal or contact may be meant"),
        ("dael", "deal may be meant"),
        ("sale.order", "Such records are described by a call of sale.order.getfields"),
        ("calendar.event", "describe_method of calendar.event.add"),
        ("lists.element", "list:ID with the id of the list"),
        ("nonsense", "dynamic:1030 (Договоры аренды), dynamic:1036 (Contracts), dynamic:1040 (Offers)"),
        ("DYNAMIC_177", "This portal has no dynamic:177. Use one of: dynamic:1030"),
    ],
)
def test_an_unknown_name_of_records_is_refused_with_what_may_be_meant(ask: Ask, name: str, said: str) -> None:
    assert said in ask("describe_fields", entity=name)["error"]["hint"]


@pytest.mark.parametrize(
    ("invented", "meant"),
    [
        ("lists.item.add", "lists.element.add"),
        ("lists.records.list", "lists.element.get"),
        ("list.row.update", "lists.element.update"),
        ("disk.folder.list", "disk.folder.getChildren"),
        ("disk.folder.create", "disk.folder.addSubFolder"),
        ("disk.file.upload", "disk.folder.uploadFile"),
        ("im.send", "im.message.add"),
        ("chat.message.send", "im.message.add"),
        ("im.notify.send", "im.notify.personal.add"),
        ("im.chat.history.get", "im.dialog.messages.get"),
        ("catalog.stocks.list", "catalog.storeproduct.list"),
        ("catalog.category.create", "catalog.section.add"),
        ("telephony.calls.list", "voximplant.statistic.get"),
        ("livefeed.post.create", "log.blogpost.add"),
        ("event.subscribe", "event.bind"),
        ("crm.smart_process.list", "crm.type.list"),
        ("crm.smartInvoice.add", "crm.item.add"),
        ("crm.sources.list", "crm.status.list"),
        ("crm.custom_field.create", "crm.deal.userfield.add"),
        ("user.me", "user.current"),
        ("employees.list", "user.get"),
        ("company.structure.get", "department.get"),
    ],
)
def test_an_invented_method_is_refused_with_the_right_one_first(ask: Ask, invented: str, meant: str) -> None:
    hint = ask("describe_method", method=invented)["error"]["hint"]
    assert hint.startswith(f"Perhaps one of these was meant: {meant}")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *(("dollar", "USD"), ("US Dollars", "USD"), ("$", "USD"), ("usd", "USD"), ("€", "EUR"), ("евро", "EUR")),
        *(("рубль", "RUB"), ("руб.", "RUB"), ("rub", "RUB"), ("¥", "CNY or JPY"), ("тенге", "KZT")),
    ],
)
def test_a_word_for_a_currency_is_refused_with_its_code(refused: Callable[..., str], value: str, code: str) -> None:
    assert f"{code} is meant" in refused("crm.deal.add", {"fields": {"TITLE": "x", "CURRENCY_ID": value}})
    price = {"catalogGroupId": 1, "productId": 1, "price": 5, "currency": value}
    assert f"{code} is meant" in refused("catalog.price.add", {"fields": price})
    assert f"{code} is meant" in refused("crm.currency.get", {"id": value})
    assert f"{code} is meant" in refused("crm.deal.list", {"filter": {"@CURRENCY_ID": ["RUB", value]}})


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("tasks.task.list", {"filter": {"LOGIC": "OR", "STATUS": 2, "RESPONSIBLE_ID": 1}}, "a list of values finds"),
        ("tasks.task.list", {"filter": {"$or": [{"STATUS": 2}, {"PRIORITY": 2}]}}, "make a call for each condition"),
        ("user.get", {"filter": {"LOGIC": "OR", "NAME": "a", "LAST_NAME": "b"}}, "this method would ignore"),
        ("crm.requisite.list", {"filter": {"LOGIC": "OR", "RQ_INN": "1"}}, "this method would ignore"),
        ("tasks.task.add", {"fields": {**TASK, "TAGS": "a, b"}}, 'TAGS must be a list: ["a", "b"]'),
        ("tasks.task.update", {"taskId": 1, "fields": {"TAGS": "a"}}, 'TAGS must be a list: ["a"]'),
        ("tasks.task.add", {"fields": {**TASK, "UF_CRM_TASK": "D_5"}}, 'must be a list: ["D_5"]'),
        ("tasks.task.add", {"fields": {**TASK, "ACCOMPLICES": "2, 3"}}, "must be a list: [2, 3]"),
        ("calendar.event.get", {"type": "user", "ownerId": 1, "start": "2026-12-01"}, "start is not a parameter of"),
        ("calendar.event.get", {"type": "user", "ownerId": 1, "start": "2026-12-01"}, "it is called from"),
        ("task.commentitem.add", {"taskId": 1, "comment": "hi"}, '{"FIELDS": {"POST_MESSAGE": …}}'),
        (
            "calendar.event.add",
            {**EVENT, "from": "2026-12-01", "to": "2026-12-01", "rrule": "FREQ=DAILY"},
            '{"FREQ": …}',
        ),
        ("im.message.add", {"DIALOG_ID": "user2", "MESSAGE": "hi"}, "the id of the user alone: 2"),
        (
            "bizproc.workflow.start",
            {"TEMPLATE_ID": 1, "DOCUMENT_ID": "DEAL_7"},
            '["crm", "CCrmDocumentDeal", "DEAL_7"]',
        ),
        (
            "bizproc.workflow.start",
            {"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", "CCrmDocumentLead", "DEAL_7"]},
            '["crm", "CCrmDocumentDeal", "DEAL_7"]',
        ),
        (
            "crm.item.add",
            {"entityTypeId": 3, "fields": {"name": "A", "phone": "+7"}},
            'in fm: [{"typeId": "PHONE"',
        ),
        ("crm.item.list", {"entityTypeId": 3, "filter": {"PHONE": "+7"}}, "crm.contact.list takes PHONE"),
        ("crm.item.list", {"entityTypeId": 1, "filter": {"fm": "+7"}}, "crm.lead.list filters by PHONE"),
        ("crm.invoice.add", {"fields": {"ORDER_TOPIC": "x"}}, "outdated: use crm.item.add with entityTypeId 31"),
    ],
)
def test_a_call_that_would_mean_something_else_is_refused_with_the_right_form(
    refused: Callable[..., str], method: str, params: Any, said: str
) -> None:
    assert said in refused(method, params)


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        (
            "lists.element.get",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1, "FILTER": {"LOGIC": "OR", "NAME": "a"}},
            "AND",
        ),
        ("crm.item.list", {"entityTypeId": 3, "select": ["id", "fm"]}, 'returns fm only for "*"'),
        ("crm.currency.update", {"ID": "USD", "fields": {"AMOUNT": 95}}, "is missing; the documentation requires it"),
        (
            "calendar.event.get",
            {"type": "user", "ownerId": 1, "from": "2026-12-31", "to": "2026-12-01"},
            "to is before",
        ),
        ("crm.deal.list", {"filter": {">=DATE_CREATE": "2026-12-31", "<DATE_CREATE": "2026-12-01"}}, "no record can"),
    ],
)
def test_a_call_that_may_mean_something_else_is_sent_with_a_warning(
    ask: Ask, method: str, params: Any, said: str
) -> None:
    answer = ask("call_method", method=method, params=params)
    assert answer["ok"]
    assert said in " ".join(answer["warnings"])


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.deal.list", {"filter": {"LOGIC": "AND", "CURRENCY_ID": "USD"}}),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"logic": "OR", "0": {"title": "a"}, "1": {"title": "b"}}}),
        ("crm.item.list", {"entityTypeId": 3, "select": ["*", "fm"]}),
        ("crm.contact.list", {"filter": {"PHONE": "+7"}, "select": ["ID", "PHONE"]}),
        ("tasks.task.list", {"filter": {"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}, "UF_CRM_TASK": "D_5"}}),
        ("tasks.task.add", {"fields": {**TASK, "TAGS": ["a", "b"], "UF_CRM_TASK": ["D_5"]}}),
        ("crm.deal.list", {"filter": {">=DATE_CREATE": "2026-12-01", "<DATE_CREATE": "2026-12-01"}, "start": "50"}),
        ("im.message.add", {"DIALOG_ID": "2", "MESSAGE": "hi"}),
    ],
)
def test_a_right_call_is_sent_without_a_warning(ask: Ask, method: str, params: Any) -> None:
    answer = ask("call_method", method=method, params=params)
    assert answer["ok"], answer
    assert not answer["warnings"]


@pytest.mark.parametrize(
    ("method", "use"),
    [
        ("crm.paysystem.list", "sale.paysystem.list"),
        ("crm.persontype.list", "sale.persontype.list"),
        ("crm.invoice.userfield.list", 'userfieldconfig.list with moduleId crm and filter {"entityId": "CRM_SMART_'),
    ],
)
def test_an_outdated_method_that_the_portal_lacks_is_answered_with_what_replaces_it(
    ask: Ask, method: str, use: str
) -> None:
    assert f"{method} is outdated: use {use}" in ask("call_method", method=method, params={})["error"]["hint"]
    assert use in ask("describe_method", method=method)["replaced_by"][0]
