"""What a portal says of itself: few requests, one flight, short waits, honest ignorance, and no exceptions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from b24_mcp.discovery import Option, PortalEntity, PortalFacts, Stage, WatchingGuard, entity_named, entity_of
from b24_mcp.discovery.asking import FRESH, LONGEST
from b24_mcp.discovery.changes import changed_by
from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_mcp.rest.guard import NoGuard
from b24_mcp.state import SharedState, open_state
from b24_sandbox import Sandbox
from b24_sandbox.app import SCOPE_USER_WEBHOOK
from b24_sandbox.user_fields import TYPES
from tests.fake_portal import WEBHOOK, FakeClock, FakePortal, Page, PortalError

DEAL = PortalEntity("deal")
ORIGIN = "https://sandbox.invalid"
PATIENT = 20.0


@dataclass
class Known:
    """A portal, its facts, and the requests that it received."""

    portal: Portal
    facts: PortalFacts
    clock: FakeClock
    background: TaskGroup
    requests: list[str] = field(default_factory=list)

    async def idle(self) -> None:
        """Return when no request is running."""
        while self.facts.is_reading:
            await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def known(
    app: Any,
    address: str,
    *,
    state: SharedState | None = None,
    patience: float = PATIENT,
    clock: FakeClock | None = None,
) -> AsyncIterator[Known]:
    clock = clock or FakeClock()
    guard = WatchingGuard(NoGuard())
    requests: list[str] = []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            requests.append(scope["path"].rpartition("/")[2].removesuffix(".json"))
        await app(scope, receive, send)

    portal = Portal(parse_webhook(address), PortalOptions(plan="none"), guard=guard, app=counted, clock=clock)
    try:
        async with anyio.create_task_group() as background:
            facts = PortalFacts(portal, clock, store=state, owner="one", background=background, patience=patience)
            guard.forget = facts.forget
            yield Known(portal, facts, clock, background, requests)
            background.cancel_scope.cancel()
    finally:
        await portal.aclose()


@asynccontextmanager
async def sandbox(webhook: str | None = None, **options: Any) -> AsyncIterator[Known]:
    """Facts of the sandbox portal."""
    played = Sandbox()
    address = played.webhook_url(ORIGIN)
    if webhook is not None:
        address = address.replace(played.webhook, webhook)
    try:
        async with known(played, address, **options) as it:
            yield it
    finally:
        played.close()


@asynccontextmanager
async def fake(methods: Mapping[str, Callable[[Any], Any]], **options: Any) -> AsyncIterator[Known]:
    """Facts of a scripted portal."""
    async with known(FakePortal(methods=methods), WEBHOOK, **options) as it:
        yield it


async def test_fields_with_their_stages_and_directories_cost_one_request_and_then_none() -> None:
    async with sandbox() as it:
        fields = await it.facts.fields(DEAL)
        assert fields is not None
        assert it.requests == ["batch"]
        pipelines = await it.facts.stages(DEAL)
        assert pipelines is not None
        assert [(one.id, one.name, len(one.stages)) for one in pipelines] == [
            (0, "Продажи", 8),
            (1, "Сервис и ремонт", 6),
        ]
        assert pipelines[1].stages[0] == Stage("C1:NEW", "Новая заявка")
        assert [stage.semantics for stage in pipelines[1].stages] == ["", "", "", "", "S", "F"]
        sources = await it.facts.directory("SOURCE")
        assert sources is not None
        assert Option("WEB", "Веб-сайт") in sources
        currencies = await it.facts.directory("CURRENCY")
        assert currencies is not None
        assert [one.id for one in currencies] == ["RUB", "USD", "EUR", "CNY"]
        assert await it.facts.fields(DEAL) == fields
        assert it.facts.fields_now(DEAL) == fields
        assert it.requests == ["batch"]


async def test_a_field_is_found_by_its_name_in_any_style() -> None:
    async with sandbox() as it:
        fields = await it.facts.fields(DEAL)
        items = await it.facts.fields(PortalEntity("deal", "item"))
    assert fields is not None
    assert items is not None
    for name in ("STAGE_ID", "stageId", "stage_id", "StageId"):
        classic, item = fields.named(name), items.named(name)
        assert classic is not None
        assert item is not None
        assert (classic.name, item.name, item.other_name) == ("STAGE_ID", "stageId", "STAGE_ID")
    assert fields.named("STAGE") is None
    assert [field.name for field in fields.labelled("deal STAGE")] == ["STAGE_ID"]


async def test_custom_fields_of_every_type_are_read() -> None:
    async with sandbox() as it:
        for kind in TYPES:
            about: dict[str, Any] = {"FIELD_NAME": f"T_{kind}", "USER_TYPE_ID": kind, "EDIT_FORM_LABEL": {"ru": kind}}
            if kind == "enumeration":
                about |= {"LIST": [{"VALUE": "Да"}, {"VALUE": "Нет"}], "MULTIPLE": "Y", "MANDATORY": "Y"}
            if kind == "crm":
                about["SETTINGS"] = {"CONTACT": "Y", "COMPANY": "Y"}
            if kind == "crm_status":
                about["SETTINGS"] = {"ENTITY_TYPE": "SOURCE"}
            await it.portal.call("crm.deal.userfield.add", {"fields": about})
        styles = await it.facts.both_styles(DEAL)
    for style, fields in zip(("classic", "item"), styles, strict=True):
        assert fields.entity == PortalEntity("deal", "item" if style == "item" else "classic")
        custom = {one.type: one for one in fields.fields.values() if one.custom}
        assert set(custom) == set(TYPES)
        assert all(one.label == one.type for one in custom.values())
        assert custom["string"].name == ("UF_CRM_T_STRING" if style == "classic" else "ufCrmTString")
        choice = custom["enumeration"]
        assert [one.label for one in choice.options or ()] == ["Да", "Нет"]
        assert (choice.multiple, choice.required) == (True, True)
        assert custom["crm_status"].directory == "SOURCE"
        assert custom["crm"].links == ("contact", "company")


async def test_two_smart_processes_are_known_with_their_fields_and_stages() -> None:
    async with sandbox() as it:
        assert await it.facts.smart_processes() == []
        for number, title in ((1030, "Договор"), (1036, "Акт")):
            about = {"title": title, "entityTypeId": number, "isStagesEnabled": "Y", "isCategoriesEnabled": "Y"}
            await it.portal.call("crm.type.add", {"fields": about})
        processes = await it.facts.smart_processes()
        assert processes is not None
        assert {(one.entity_type_id, one.title) for one in processes} == {(1030, "Договор"), (1036, "Акт")}
        assert all(one.has_pipelines for one in processes)
        fields = await it.facts.fields(PortalEntity("dynamic:1030", "item"))
        assert fields is not None
        assert "stageId" in fields.fields
        pipelines = await it.facts.stages(PortalEntity("dynamic:1030", "item"))
        assert pipelines is not None
        assert pipelines[0].stages[0].id.startswith("DT1030_")
        assert it.facts.is_stage(PortalEntity("dynamic:1030", "item"), fields.fields["stageId"])
        assert await it.facts.fields(PortalEntity("dynamic:1099", "item")) is None


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        *(("lead", "STATUS_ID"), ("contact", "NAME"), ("company", "TITLE"), ("quote", "STATUS_ID")),
        *(("invoice", "stageId"), ("task", "RESPONSIBLE_ID"), ("user", "EMAIL"), ("product", "PRICE")),
        *(("productrow", "QUANTITY"), ("requisite", "RQ_INN"), ("bankdetail", "RQ_BIK"), ("address", "CITY")),
        *(("activity", "SUBJECT"), ("list:1", "PROPERTY_2")),
    ],
)
async def test_every_kind_of_records_is_described_with_one_request(entity: str, name: str) -> None:
    async with sandbox() as it:
        fields = await it.facts.fields(PortalEntity(entity))
        assert it.requests == ["batch"]
    assert fields is not None
    assert name in fields.fields


async def test_stages_of_leads_and_quotes_are_one_pipeline_and_contacts_have_none() -> None:
    async with sandbox() as it:
        leads = await it.facts.stages(PortalEntity("lead"))
        assert leads is not None
        assert [stage.id for stage in leads[0].stages][:2] == ["NEW", "IN_PROCESS"]
        assert await it.facts.stages(PortalEntity("contact")) == ()


async def test_details_of_custom_fields_of_users_come_with_the_fields() -> None:
    async with sandbox() as it:
        about = {"FIELD_NAME": "UF_USR_FLOOR", "USER_TYPE_ID": "enumeration", "LIST": [{"VALUE": "Второй"}]}
        await it.portal.call("user.userfield.add", {"fields": about})
        fields = await it.facts.fields(PortalEntity("user"))
    assert fields is not None
    floor = fields.fields["UF_USR_FLOOR"]
    assert floor.type == "enumeration"
    assert [one.label for one in floor.options or ()] == ["Второй"]


async def test_concurrent_callers_share_one_request() -> None:
    async with sandbox() as it, anyio.create_task_group() as callers:
        for _ in range(20):
            callers.start_soon(it.facts.fields, DEAL)
            callers.start_soon(it.facts.stages, DEAL)
    assert it.requests == ["batch"]


async def test_old_facts_are_used_and_renewed_in_the_background() -> None:
    async with sandbox() as it:
        first = await it.facts.fields(DEAL)
        assert first is not None
        it.clock.time += FRESH + 1
        again = await it.facts.fields(DEAL)
        assert again is not None
        assert again.read_at == first.read_at
        await it.idle()
        renewed = it.facts.fields_now(DEAL)
        assert renewed is not None
        assert renewed.read_at == first.read_at + FRESH + 1
        assert it.requests == ["batch", "batch"]
        it.clock.time += LONGEST + 1
        assert it.facts.fields_now(DEAL) is None
        assert await it.facts.fields(DEAL) is not None
        assert it.requests == ["batch"] * 3


async def test_fields_are_read_again_on_request_unless_they_are_recent_enough() -> None:
    async with sandbox() as it:
        begin = it.facts.now()
        await it.facts.fields(DEAL)
        await it.facts.refreshed_fields(DEAL, since=begin)
        assert it.requests == ["batch"]
        it.clock.time += 1
        await it.facts.refreshed_fields(DEAL)
        assert it.requests == ["batch", "batch"]


async def test_own_writes_make_the_facts_they_change_unknown() -> None:
    async with sandbox() as it:
        await it.facts.fields(DEAL)
        await it.facts.departments()
        about = {"FIELD_NAME": "NEW", "USER_TYPE_ID": "string"}
        await it.portal.batch({"a": {"method": "crm.deal.userfield.add", "params": {"fields": about}}})
        fields = await it.facts.fields(DEAL)
        assert fields is not None
        assert "UF_CRM_NEW" in fields.fields
        await it.portal.call("crm.status.add", {"fields": {"ENTITY_ID": "SOURCE", "STATUS_ID": "FAIR", "NAME": "x"}})
        assert Option("FAIR", "x") in (await it.facts.directory("SOURCE") or ())
        await it.portal.call("crm.category.add", {"entityTypeId": 2, "fields": {"name": "Третья"}})
        assert "Третья" in [one.name for one in await it.facts.stages(DEAL) or ()]
        before = len(it.requests)
        await it.facts.departments()
        await it.portal.call("crm.deal.update", {"id": 1, "fields": {"TITLE": "x"}})
        await it.facts.fields(DEAL)
        assert len(it.requests) == before + 1


def test_only_methods_that_write_change_facts() -> None:
    assert changed_by("crm.deal.userfield.add", "v2") == {"fields:*", "records"}
    assert changed_by("crm.deal.userfield.list", "v2") == frozenset()
    assert changed_by("CRM.Status.Update", "v2") == {"statuses", "records"}
    assert changed_by("crm.status.list", "v2") == frozenset()
    assert changed_by("crm.deal.update", "v2") == {"records"}
    assert changed_by("crm.deal.list", "v2") == frozenset()
    assert changed_by("tasks.task.update", "v2") == frozenset()
    assert "types" in changed_by("crm.type.delete", "v2")


async def test_processes_share_facts_and_credentials_do_not() -> None:
    clock = FakeClock()
    state = open_state("memory", clock.now)
    async with sandbox(state=state, clock=clock) as it:
        fields = await it.facts.fields(DEAL)
        other = PortalFacts(it.portal, clock, store=state, owner="one", background=it.background)
        assert await other.fields(DEAL) == fields
        assert await other.stages(DEAL) == await it.facts.stages(DEAL)
        assert it.requests == ["batch"]
        stranger = PortalFacts(it.portal, clock, store=state, owner="two", background=it.background)
        assert await stranger.fields(DEAL) is not None
        assert it.requests == ["batch", "batch"]
        await it.facts.forget(["fields:*"])
        third = PortalFacts(it.portal, clock, store=state, owner="one", background=it.background)
        assert third.fields_now(DEAL) is None
        await third.fields(DEAL)
        assert it.requests == ["batch"] * 3


async def test_without_the_scope_crm_nothing_is_known_and_the_portal_is_not_asked_again_at_once() -> None:
    async with sandbox(SCOPE_USER_WEBHOOK) as it:
        for _ in range(3):
            assert await it.facts.fields(DEAL) is None
            assert await it.facts.stages(DEAL) is None
            assert await it.facts.directory("SOURCE") is None
        assert it.requests == ["batch"]
        trouble = it.facts.trouble(DEAL)
        assert trouble is not None
        assert trouble.fault.kind == "permission"
        assert await it.facts.fields(PortalEntity("user")) is not None


async def test_a_portal_that_does_not_answer_in_time_makes_nobody_wait_and_is_known_later() -> None:
    arrived, free = anyio.Event(), anyio.Event()
    played = Sandbox()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            arrived.set()
            await free.wait()
        await played(scope, receive, send)

    async with known(slow, played.webhook_url(ORIGIN), patience=0.01) as it:
        assert await it.facts.fields(DEAL) is None
        assert it.facts.trouble(DEAL) is None
        await arrived.wait()
        assert await it.facts.stages(DEAL) is None
        free.set()
        await it.idle()
        assert it.facts.fields_now(DEAL) is not None
        assert it.requests == ["batch"]
    played.close()


async def test_a_failure_leaves_what_was_known_in_use() -> None:
    answers = [{"ID": {"type": "integer"}}, None]

    def fields(params: Any) -> Any:
        if (answer := answers.pop(0)) is None:
            raise PortalError("INTERNAL_SERVER_ERROR", "?", 500)
        return answer

    async with fake({"crm.contact.fields": fields}) as it:
        assert await it.facts.fields(PortalEntity("contact")) is not None
        it.clock.time += FRESH + 1
        await it.facts.fields(PortalEntity("contact"))
        await it.idle()
        assert it.facts.fields_now(PortalEntity("contact")) is not None
        await it.facts.fields(PortalEntity("contact"))
        await it.idle()
        assert answers == []


@pytest.mark.parametrize("answer", [None, [], "no", 5, {}, {"fields": []}, {"": {}}, [{"a": 1}], {"fields": "x"}])
async def test_useless_answers_are_unknown(answer: Any) -> None:
    methods = ("crm.deal.fields", "crm.status.list", "crm.category.list", "crm.currency.list", "crm.type.list")
    async with fake({name: lambda _: answer for name in methods}) as it:
        assert await it.facts.fields(DEAL) is None
        assert not await it.facts.stages(DEAL)
        assert not await it.facts.smart_processes()
        assert await it.facts.directory("SOURCE") is None


def pages(rows: list[Any], *, within: str = "") -> Callable[[Any], Any]:
    """Return a list method whose pages hold 50 rows."""

    def method(params: Any) -> Any:
        start = int(params.get("start", 0)) if isinstance(params, dict) else 0
        part = rows[start : start + 50]
        following = start + 50 if start + 50 < len(rows) else None
        return Page({within: part} if within else part, len(rows), following)

    return method


async def test_200_smart_processes_and_5000_users_are_read_in_few_requests() -> None:
    types = [{"id": n, "entityTypeId": 1000 + 2 * n, "title": f"Процесс {n}"} for n in range(200)]
    users = [{"ID": str(n), "NAME": f"N{n}", "LAST_NAME": "L", "ACTIVE": True} for n in range(1, 5_001)]
    async with fake({"crm.type.list": pages(types, within="types"), "user.get": pages(users)}) as it:
        processes = await it.facts.smart_processes()
        assert processes is not None
        assert len({one.entity_type_id for one in processes}) == 200
        assert it.requests == ["batch", "batch"]
        everyone = await it.facts.everyone()
        assert everyone is not None
        assert [person.id for person in everyone] == list(range(1, 5_001))
        assert len(it.requests) == 5
        assert await it.facts.people([1, 4_999]) == {1: everyone[0], 4_999: everyone[4_998]}
        assert len(it.requests) == 5


async def test_a_page_that_fails_makes_the_whole_list_unknown_and_nothing_else() -> None:
    departments = [{"ID": str(number), "NAME": "x"} for number in range(1, 201)]
    types = [{"id": n, "entityTypeId": 1000 + 2 * n, "title": "x"} for n in range(200)]

    def broken(params: Any) -> Any:
        if int(params.get("start", 0)) == 100:
            raise PortalError("QUERY_LIMIT_EXCEEDED", "?", 503)
        return pages(types, within="types")(params)

    async with fake({"crm.type.list": broken, "department.get": pages(departments)}) as it:
        assert await it.facts.smart_processes() is None
        assert len(await it.facts.departments() or ()) == 200


async def test_a_list_of_another_kind_is_found_with_the_same_request() -> None:
    def fields(params: Any) -> Any:
        if params["IBLOCK_TYPE_ID"] != "bitrix_processes":
            raise PortalError("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
        return {"NAME": {"NAME": "Название", "TYPE": "NAME", "IS_REQUIRED": "Y"}}

    async with fake({"lists.field.get": fields}) as it:
        found = await it.facts.fields(PortalEntity("list:7"))
        assert found is not None
        assert found.fields["NAME"].required
        assert it.requests == ["batch"]


async def test_a_caller_that_goes_away_does_not_block_later_callers() -> None:
    free = anyio.Event()
    played = Sandbox()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await free.wait()
        await played(scope, receive, send)

    async with known(slow, played.webhook_url(ORIGIN)) as it:
        inline = PortalFacts(it.portal, it.clock, patience=PATIENT)
        with anyio.move_on_after(0.01):
            await inline.fields(DEAL)
        free.set()
        assert await inline.fields(DEAL) is not None
    played.close()


async def test_people_are_asked_for_by_id_once_and_together() -> None:
    seen: Counter[int] = Counter()

    def users(params: Any) -> Any:
        ids = [int(number) for number in params["ID"]]
        seen.update(ids)
        return [{"ID": str(n), "NAME": "A", "LAST_NAME": str(n), "ACTIVE": True} for n in ids if n < 1_000]

    async with fake({"user.get": users}) as it:
        found = await it.facts.people([*range(1, 121), 5_000, -1, 0])
        assert found is not None
        assert set(found) == set(range(1, 121))
        assert found[7].name == "A 7"
        assert it.requests == ["batch"]
        assert await it.facts.people([7, 120, 5_000]) == {7: found[7], 120: found[120]}
        assert it.requests == ["batch"]
        await it.facts.people([7, 500])
        assert it.requests == ["batch", "batch"]
    assert set(seen.values()) == {1}


async def test_a_field_list_of_two_megabytes_is_read_within_bounds() -> None:
    items = [{"ID": str(number), "VALUE": "Значение " * 3 + str(number)} for number in range(300)]
    fields = {f"UF_CRM_{n}": {"type": "enumeration", "items": items, "formLabel": "x" * 500} for n in range(120)}
    assert len(json.dumps(fields)) > 2_000_000
    clock = FakeClock()
    state = open_state("memory", clock.now)
    async with fake({"crm.deal.fields": lambda _: fields}, state=state, clock=clock) as it:
        found = await it.facts.fields(DEAL)
    assert found is not None
    assert len(found.fields) == 120
    assert all(len(one.label) <= 100 and len(one.options or ()) == 300 for one in found.fields.values())


@pytest.mark.parametrize(
    ("method", "params", "parameter", "expected"),
    [
        ("crm.deal.list", {}, "filter", DEAL),
        ("crm.deal.list", {}, "FILTER", DEAL),
        ("CRM.DEAL.UPDATE", {}, "fields", DEAL),
        ("crm.deal.list", {}, "start", None),
        ("crm.item.list", {"entityTypeId": 2}, "filter", PortalEntity("deal", "item")),
        ("crm.item.list", {"entityTypeId": "1030"}, "filter", PortalEntity("dynamic:1030", "item")),
        ("crm.item.list", {"entityTypeId": "$result[a]"}, "filter", None),
        ("crm.item.list", {}, "filter", None),
        ("crm.item.add", {"entityTypeId": 31}, "fields", PortalEntity("invoice", "item")),
        ("crm.item.add", {"entityTypeId": 14}, "fields", None),
        ("tasks.task.add", {}, "fields", PortalEntity("task")),
        ("lists.element.add", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 15}, "FIELDS", PortalEntity("list:15")),
        ("lists.element.add", [], "FIELDS", None),
        ("user.get", {}, "FILTER", PortalEntity("user")),
        ("app.info", {}, "fields", None),
    ],
)
def test_the_entity_of_a_parameter_follows_from_the_call(
    method: str, params: Any, parameter: str, expected: PortalEntity | None
) -> None:
    assert entity_of(method, params, parameter) == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("deal", "deal"), ("Deals", "deal"), ("сделки", "deal"), ("entityTypeId=31", "invoice"), ("2", "deal")),
        *(("dynamic:1030", "dynamic:1030"), ("1030", "dynamic:1030"), ("list:15", "list:15"), ("tasks", "task")),
        *(("crm.contact.update", "contact"), ("product rows", "productrow")),
    ],
)
def test_entities_are_named_in_many_ways(name: str, kind: str) -> None:
    found = entity_named(name)
    assert found is not None
    assert found.kind == kind


def test_an_unknown_name_is_no_entity() -> None:
    assert [entity_named(name) for name in ("", "nonsense", "list:x", "5000000000000", "app.info", "14")] == [None] * 6
