"""Everyday questions about the demonstration company have believable answers, whatever the day it is opened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.sandbox.conftest import NOW, Caller, opened

ZONE = timezone(timedelta(hours=3))
CLOCKS = {
    "a Sunday at noon": NOW,
    "a Monday just after midnight": datetime(2026, 6, 1, 0, 4, tzinfo=ZONE).timestamp(),
    "the last minute of a year": datetime(2027, 12, 31, 23, 59, tzinfo=ZONE).timestamp(),
    "a leap day at nine": datetime(2028, 2, 29, 9, 0, tzinfo=ZONE).timestamp(),
    "a Friday evening in UTC, Saturday on the portal": datetime(2026, 9, 11, 22, 30, tzinfo=UTC).timestamp(),
}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), ZONE).isoformat()


def day(seconds: float, shift: int = 0) -> str:
    return (datetime.fromtimestamp(seconds, ZONE) + timedelta(days=shift)).date().isoformat()


async def rows(call: Caller, method: str, params: dict[str, Any] | None = None, key: str = "") -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    found: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        answer = await call(method, {**(params or {}), "start": start})
        assert "error" not in answer, answer
        found += answer["result"][key] if key else answer["result"]
        start = answer.get("next")
    return found


@pytest.fixture(params=list(CLOCKS.values()), ids=list(CLOCKS))
async def anytime(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Caller, float]]:
    """A client of a portal that was opened at some moment, and the moment."""
    now: float = request.param
    async with opened(clock=lambda: now) as call:
        yield call, now


async def test_several_people_have_deals_that_have_not_moved_for_two_weeks(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    stale = await rows(
        call, "crm.deal.list", {"filter": {"CLOSED": "N", "<MOVED_TIME": moment(now - 14 * 86400)}, "select": ["*"]}
    )
    assert len({deal["ASSIGNED_BY_ID"] for deal in stale}) >= 5
    moved = await rows(call, "crm.deal.list", {"filter": {"CLOSED": "N", ">=MOVED_TIME": moment(now - 14 * 86400)}})
    assert len(moved) >= 10


async def test_every_week_of_the_last_two_has_new_and_closed_deals(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    for begin, end in ((14, 7), (7, 0)):
        for name in ("DATE_CREATE", "MOVED_TIME"):
            period = {f">={name}": moment(now - begin * 86400), f"<={name}": moment(now - end * 86400)}
            assert (await call("crm.deal.list", {"filter": period}))["total"] > 0


async def test_tasks_are_overdue_due_today_and_due_later(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    unfinished = {"!STATUS": 5}
    late = await rows(
        call, "tasks.task.list", {"filter": {**unfinished, "<DEADLINE": f"{day(now)}T00:00:00+03:00"}}, "tasks"
    )
    assert len({task["responsibleId"] for task in late}) >= 3
    today = {">=DEADLINE": f"{day(now)}T00:00:00+03:00", "<DEADLINE": f"{day(now, 1)}T00:00:00+03:00"}
    due = await rows(call, "tasks.task.list", {"filter": {**unfinished, **today}}, "tasks")
    assert len(due) >= 3
    assert "1" in {task["responsibleId"] for task in due}
    later = {">=DEADLINE": f"{day(now, 1)}T00:00:00+03:00"}
    assert len(await rows(call, "tasks.task.list", {"filter": {**unfinished, **later}}, "tasks")) >= 5


async def test_planned_activities_are_overdue_due_today_and_due_later(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    planned = await rows(call, "crm.activity.list", {"filter": {"COMPLETED": "N"}})
    days = [activity["DEADLINE"][:10] for activity in planned]
    assert min(days) < day(now) < max(days)
    assert day(now) in days


async def test_some_people_are_absent_today_and_the_others_are_not(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    asked = {"users": list(range(1, 20)), "from": day(now), "to": day(now)}
    busy = await call.result("calendar.accessibility.get", asked)
    absent = {user for user, events in busy.items() if "absent" in {event["ACCESSIBILITY"] for event in events}}
    assert 2 <= len(absent) <= 6
    meetings = await call.result("calendar.event.get", {"type": "user", "ownerId": 1, "from": day(now), "to": day(now)})
    assert any(event["IS_MEETING"] for event in meetings)
    for user in absent:
        status = await call.result("timeman.status", {"USER_ID": user})
        assert (status["TIME_START"] or "")[:10] != day(now)


async def test_people_have_started_paused_finished_or_forgotten_their_working_day(
    anytime: tuple[Caller, float],
) -> None:
    call, now = anytime
    days = [await call.result("timeman.status", {"USER_ID": user}) for user in range(1, 20)]
    assert {status["STATUS"] for status in days} == {"OPENED", "PAUSED", "CLOSED", "EXPIRED"}
    for status in days:
        for name in ("TIME_START", "TIME_FINISH"):
            assert (status[name] or "") <= moment(now)
        assert status["TIME_FINISH"] is None or status["TIME_START"] <= status["TIME_FINISH"]


async def test_time_was_spent_on_tasks_this_week_by_several_people(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    spent: Counter[str] = Counter()
    for entry in await call.result(
        "task.elapseditem.getlist", [{"ID": "desc"}, {">=CREATED_DATE": moment(now - 7 * 86400)}]
    ):
        spent[entry["USER_ID"]] += int(entry["SECONDS"])
        assert entry["CREATED_DATE"] <= moment(now)
    assert len(spent) >= 4
    assert all(seconds >= 600 for seconds in spent.values())


async def test_chats_have_messages_of_today_that_are_unread(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    recent = (await call.result("im.recent.list"))["items"]
    assert len(recent) >= 5
    assert sum(item["counter"] for item in recent) > 0
    dates = [datetime.fromisoformat(item["message"]["date"]).timestamp() for item in recent]
    assert day(now) in {day(date) for date in dates}
    assert max(dates) <= now


async def test_some_invoices_are_unpaid_and_overdue_others_are_paid(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    invoices = await rows(call, "crm.item.list", {"entityTypeId": 31, "select": ["*"]}, "items")
    stages = Counter(invoice["stageId"] for invoice in invoices)
    assert set(stages) == {"DT31_2:N", "DT31_2:S", "DT31_2:P", "DT31_2:D"}
    sent = [invoice for invoice in invoices if invoice["stageId"] == "DT31_2:S"]
    overdue = [invoice for invoice in sent if invoice["closedate"][:10] < day(now)]
    assert 0 < len(overdue) < len(sent)
    asked = {"entityTypeId": 31, "filter": {"stageId": "DT31_2:S", "<closedate": day(now)}}
    assert (await call("crm.item.list", asked))["total"] == len(overdue)


async def test_nothing_has_happened_in_the_future(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    late = moment(now + 1)
    for method, name in (("crm.activity.list", "CREATED"), ("crm.stagehistory.list", "CREATED_TIME")):
        parameters = {"filter": {f">={name}": late}, "entityTypeId": 2}
        assert (await call(method, parameters))["total"] == 0
    for kind in (7, 31):
        assert (await call("crm.item.list", {"entityTypeId": kind, "filter": {">=updatedTime": late}}))["total"] == 0
    changed = {"filter": {">=CHANGED_DATE": late}}
    assert (await call("tasks.task.list", changed))["total"] == 0


async def test_the_same_clock_gives_the_same_data(call: Caller) -> None:
    async with opened(clock=lambda: NOW) as again:
        for method, params in (
            ("crm.activity.list", {}),
            ("crm.item.list", {"entityTypeId": 31}),
            ("crm.requisite.list", {}),
            ("crm.stagehistory.list", {"entityTypeId": 2}),
            ("crm.product.list", {}),
            ("calendar.event.get", {"type": "user", "ownerId": 2}),
            ("im.recent.list", {}),
            ("task.elapseditem.getlist", [{"ID": "asc"}]),
            ("disk.storage.getchildren", {"id": 1}),
        ):
            assert (await again.result(method, params)) == (await call.result(method, params))


async def test_a_later_clock_moves_the_dates_and_nothing_else(call: Caller) -> None:
    def without_dates(deals: list[dict[str, Any]]) -> list[dict[str, Any]]:
        dated = ("DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "LAST_ACTIVITY_TIME", "BEGINDATE", "CLOSEDATE")
        return [{name: value for name, value in deal.items() if name not in dated} for deal in deals]

    async with opened(clock=lambda: NOW + 40 * 86400) as later:
        before, after = await rows(call, "crm.deal.list"), await rows(later, "crm.deal.list")
    assert without_dates(before) == without_dates(after)
    assert all(old["DATE_CREATE"] < new["DATE_CREATE"] for old, new in zip(before, after, strict=True))


async def test_deals_are_in_three_currencies_and_two_pipelines(call: Caller) -> None:
    deals = await rows(call, "crm.deal.list")
    assert set(Counter(deal["CURRENCY_ID"] for deal in deals)) == {"RUB", "USD", "EUR"}
    assert min(Counter(deal["CURRENCY_ID"] for deal in deals).values()) >= 10
    assert {deal["CATEGORY_ID"] for deal in deals if deal["CLOSED"] == "N"} == {"0", "1"}
    typical = {
        currency: sorted(float(deal["OPPORTUNITY"]) for deal in deals if deal["CURRENCY_ID"] == currency)
        for currency in ("RUB", "EUR")
    }
    middle = {currency: amounts[len(amounts) // 2] for currency, amounts in typical.items()}
    assert middle["RUB"] > 20 * middle["EUR"]


async def test_revenue_is_known_for_every_month_of_a_year(call: Caller) -> None:
    won = await rows(call, "crm.deal.list", {"filter": {"STAGE_SEMANTIC_ID": "S"}})
    months = Counter(deal["CLOSEDATE"][:7] for deal in won)
    assert len(months) >= 12


async def test_recent_deals_passed_the_stages_in_order(call: Caller) -> None:
    stages = [row["STATUS_ID"] for row in await call.result("crm.status.entity.items", {"entityId": "DEAL_STAGE"})]
    history: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for entry in await rows(call, "crm.stagehistory.list", {"entityTypeId": 2}, "items"):
        history[int(entry["OWNER_ID"])].append(entry)
    recent = await rows(call, "crm.deal.list", {"filter": {">ID": 200, "CATEGORY_ID": 0}})
    lengths = set()
    for deal in recent:
        passed = history[int(deal["ID"])]
        places = [stages.index(entry["STAGE_ID"]) for entry in passed]
        assert places == sorted(places)
        assert passed[0]["STAGE_ID"] == "NEW"
        assert passed[-1]["STAGE_ID"] == deal["STAGE_ID"]
        assert passed[-1]["CREATED_TIME"][:16] == deal["MOVED_TIME"][:16]
        lengths.add(len(passed))
    assert len(lengths) >= 4


async def test_amounts_of_deals_are_the_sums_of_their_products_with_tax(call: Caller) -> None:
    counted = await rows(call, "crm.deal.list", {"filter": {"CLOSED": "N", "IS_MANUAL_OPPORTUNITY": "N"}})
    assert len(counted) >= 30
    taxes, discounts, several = set(), set(), 0
    for deal in counted[:25]:
        lines = await call.result("crm.deal.productrows.get", {"id": deal["ID"]})
        total = sum(line["PRICE"] * line["QUANTITY"] for line in lines)
        tax = sum((line["PRICE"] - line["PRICE_EXCLUSIVE"]) * line["QUANTITY"] for line in lines)
        assert float(deal["OPPORTUNITY"]) == pytest.approx(total, abs=0.01)
        assert float(deal["TAX_VALUE"]) == pytest.approx(tax, abs=0.01)
        taxes |= {line["TAX_RATE"] for line in lines}
        discounts |= {line["DISCOUNT_RATE"] for line in lines}
        several += len(lines) > 1
        for line in lines:
            assert (await call.result("crm.product.get", {"id": line["PRODUCT_ID"]}))["NAME"] == line["PRODUCT_NAME"]
    assert {0, 20} <= taxes
    assert len(discounts) >= 2
    assert several >= 5


async def test_a_seeded_product_row_is_what_the_portal_would_calculate(write: Caller) -> None:
    counted = await rows(write, "crm.deal.list", {"filter": {"CLOSED": "N", "IS_MANUAL_OPPORTUNITY": "N"}})
    for deal in counted[:10]:
        lines = await write.result("crm.deal.productrows.get", {"id": deal["ID"]})
        sent = ("PRODUCT_ID", "PRICE", "QUANTITY", "DISCOUNT_TYPE_ID", "DISCOUNT_RATE", "TAX_RATE", "MEASURE_CODE")
        again = [{name: line[name] for name in sent} for line in lines]
        await write.result("crm.deal.productrows.set", {"id": deal["ID"], "rows": again})
        for name in ("PRICE_EXCLUSIVE", "PRICE_NETTO", "PRICE_BRUTTO", "DISCOUNT_SUM", "QUANTITY", "PRODUCT_NAME"):
            calculated = await write.result("crm.deal.productrows.get", {"id": deal["ID"]})
            assert [line[name] for line in calculated] == [line[name] for line in lines]
        assert (await write.result("crm.deal.get", {"id": deal["ID"]}))["OPPORTUNITY"] == deal["OPPORTUNITY"]


async def test_the_price_list_has_sections_taxes_and_the_same_products_in_both_catalogues(call: Caller) -> None:
    products = await rows(call, "crm.product.list", {"select": ["*"]})
    sections = {section["ID"] for section in await call.result("crm.productsection.list")}
    assert len(sections) >= 5
    assert {product["SECTION_ID"] for product in products} == sections
    assert len({product["VAT_ID"] for product in products}) >= 2
    select = {"select": ["id", "iblockId", "name"], "filter": {"iblockId": 24}}
    catalogue = await rows(call, "catalog.product.list", select, "products")
    assert [(int(row["ID"]), row["NAME"]) for row in products] == [(row["id"], row["name"]) for row in catalogue]


async def test_some_contacts_have_no_e_mail_and_some_no_phone(call: Caller) -> None:
    for kind in ("EMAIL", "PHONE"):
        without = await rows(call, "crm.contact.list", {"filter": {f"HAS_{kind}": "N"}, "select": ["ID", kind]})
        assert 10 <= len(without) <= 60
        assert not any(contact.get(kind) for contact in without)
        given = await rows(call, "crm.contact.list", {"filter": {f"HAS_{kind}": "Y"}, "select": ["ID", kind]})
        assert all(contact[kind] for contact in given)


async def test_phones_and_e_mails_repeat_within_and_across_kinds_of_records(call: Caller) -> None:
    found = []
    for kind, methods in (("PHONE", ("company", "contact", "lead")), ("EMAIL", ("contact", "lead"))):
        for method in methods:
            for row in await rows(call, f"crm.{method}.list", {"select": ["ID", kind]}):
                for entry in row.get(kind, []):
                    digits = "".join(filter(str.isdigit, entry["VALUE"]))
                    value = "7" + digits[1:] if kind == "PHONE" else entry["VALUE"]
                    found.append((kind, value, method, entry["VALUE"]))
    owners: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for kind, value, method, written in found:
        owners[kind, value].append((method, written))
    repeated = {key: held for key, held in owners.items() if len(held) > 1}
    assert {kind for kind, _ in repeated} == {"PHONE", "EMAIL"}
    across = [key for key, held in repeated.items() if len({method for method, _ in held}) > 1]
    assert "PHONE" in {kind for kind, _ in across}
    assert "EMAIL" in {kind for kind, _ in across}
    assert any(len({written for _, written in held}) > 1 for held in repeated.values())
    phone = next(held[0][1] for (kind, value), held in repeated.items() if (kind, value) in across and kind == "PHONE")
    matches = await call.result("crm.duplicate.findbycomm", {"type": "PHONE", "values": [phone]})
    assert len(matches) >= 2


async def test_companies_have_requisites_with_an_address_and_bank_details(call: Caller) -> None:
    requisites = await rows(call, "crm.requisite.list", {"select": ["*"]})
    companies = {int(row["ID"]): row for row in await rows(call, "crm.company.list", {"select": ["*"]})}
    assert 50 < len(requisites) < len(companies)
    banks = {row["ENTITY_ID"] for row in await rows(call, "crm.requisite.bankdetail.list", {"select": ["*"]})}
    addresses = {row["ENTITY_ID"]: row for row in await rows(call, "crm.address.list", {"select": ["*"]})}
    for requisite in requisites:
        company = companies[int(requisite["ENTITY_ID"])]
        assert requisite["RQ_COMPANY_NAME"] == company["TITLE"]
        assert requisite["RQ_INN"] or requisite["RQ_VAT_ID"]
        assert requisite["ID"] in banks
        assert addresses[requisite["ID"]]["CITY"] == company["ADDRESS_CITY"]
    assert [company["TITLE"] for company in companies.values() if company["IS_MY_COMPANY"] == "Y"] == [
        "ООО «Северный мост»"
    ]


async def test_an_invoice_has_products_a_client_and_requisites_of_both_sides(call: Caller) -> None:
    invoices = await rows(call, "crm.item.list", {"entityTypeId": 31, "select": ["*"]}, "items")
    linked = {int(row["ENTITY_ID"]): row for row in await rows(call, "crm.requisite.link.list", {"select": ["*"]})}
    assert len(linked) >= 10
    for invoice in invoices:
        asked = {"filter": {"=ownerType": "SI", "=ownerId": invoice["id"]}}
        lines = (await call.result("crm.item.productrow.list", asked))["productRows"]
        assert invoice["opportunity"] == pytest.approx(sum(row["price"] * row["quantity"] for row in lines), abs=0.01)
        assert invoice["contactId"]
        if invoice["id"] in linked:
            link = linked[invoice["id"]]
            buyer = await call.result("crm.requisite.get", {"id": link["REQUISITE_ID"]})
            seller = await call.result("crm.requisite.get", {"id": link["MC_REQUISITE_ID"]})
            assert buyer["ENTITY_ID"] == str(invoice["companyId"])
            assert seller["ENTITY_ID"] == str(invoice["mycompanyId"])


async def test_activities_of_every_kind_are_bound_to_records_and_reach_their_clients(call: Caller) -> None:
    activities = await rows(call, "crm.activity.list", {"select": ["*", "COMMUNICATIONS"]})
    kinds = {(activity["PROVIDER_ID"], activity["COMPLETED"]) for activity in activities}
    assert {provider for provider, _ in kinds} == {"VOXIMPLANT_CALL", "CRM_EMAIL", "CRM_MEETING", "CRM_TODO"}
    assert {activity["OWNER_TYPE_ID"] for activity in activities} == {"1", "2", "3", "4"}
    for activity in activities:
        if activity["PROVIDER_ID"] in ("VOXIMPLANT_CALL", "CRM_EMAIL"):
            (other,) = activity["COMMUNICATIONS"]
            assert ("@" in other["VALUE"]) == (activity["PROVIDER_ID"] == "CRM_EMAIL")
    deal = next(activity["OWNER_ID"] for activity in activities if activity["OWNER_TYPE_ID"] == "2")
    contact = (await call.result("crm.deal.get", {"id": deal}))["CONTACT_ID"]
    of_contact = await rows(call, "crm.activity.list", {"filter": {"OWNER_TYPE_ID": 3, "OWNER_ID": contact}})
    assert of_contact


async def test_deals_contacts_leads_and_companies_have_comments_in_their_timelines(call: Caller) -> None:
    for kind in ("deal", "contact", "lead", "company"):
        found: list[Any] = []
        for row in await rows(call, f"crm.{kind}.list", {"filter": {">ID": 20}, "order": {"ID": "DESC"}}):
            asked = {"filter": {"ENTITY_TYPE": kind, "ENTITY_ID": row["ID"]}}
            found += await call.result("crm.timeline.comment.list", asked)
            if len(found) > 3:
                break
        assert len({comment["COMMENT"] for comment in found}) >= 2


async def test_leads_have_every_status_many_sources_and_some_tests_to_delete(call: Caller) -> None:
    leads = await rows(call, "crm.lead.list")
    assert {lead["STATUS_ID"] for lead in leads} == {"NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"}
    assert len({lead["SOURCE_ID"] for lead in leads}) >= 5
    assert len([lead for lead in leads if lead["TITLE"] == "TEST"]) == 2


async def test_tasks_have_comments_checklists_and_results_and_belong_to_groups(call: Caller) -> None:
    groups = {group["ID"] for group in await call.result("sonet_group.get")}
    tasks = await rows(call, "tasks.task.list", {"select": ["ID", "GROUP_ID", "COMMENTS_COUNT"]}, "tasks")
    assert {task["groupId"] for task in tasks} - {"0"} == groups
    commented = [task for task in tasks if int(task["commentsCount"] or 0)]
    assert len(commented) >= 50
    for task in commented[:5]:
        comments = await call.result("task.commentitem.getlist", [task["id"]])
        assert len(comments) == int(task["commentsCount"])
        assert comments[0]["AUTHOR_NAME"]
    lists, results = [], 0
    for task in tasks[16:]:
        items = await call.result("task.checklistitem.getlist", [task["id"]])
        if items:
            lists.append([item["IS_COMPLETE"] for item in items if item["PARENT_ID"] != "0"])
        results += len(await call.result("tasks.task.result.list", {"taskId": task["id"]}))
    assert results >= 5
    assert all(len(marks) >= 3 for marks in lists)
    assert any(len(set(marks)) == 2 for marks in lists)


async def test_a_meeting_is_in_the_calendars_of_its_host_and_its_guests(call: Caller) -> None:
    asked = {"type": "user", "from": day(NOW, -20), "to": day(NOW, 20)}
    meetings = [
        event for event in await call.result("calendar.event.get", {**asked, "ownerId": 2}) if event["IS_MEETING"]
    ]
    assert len(meetings) >= 3
    for meeting in meetings:
        for guest in meeting["ATTENDEE_LIST"]:
            theirs = await call.result("calendar.event.get", {**asked, "ownerId": guest["id"]})
            assert guest["entryId"] in {event["ID"] for event in theirs}
    company = {"type": "company_calendar", "ownerId": 0, "from": day(NOW), "to": day(NOW, 30)}
    assert await call.result("calendar.event.get", company)


async def test_documents_of_the_disk_have_authors_and_contents(call: Caller) -> None:
    folders = await call.result("disk.storage.getchildren", {"id": 1, "filter": {"TYPE": "folder"}})
    files = [file for folder in folders for file in await call.result("disk.folder.getchildren", {"id": folder["ID"]})]
    assert len(files) >= 10
    assert len({file["CREATED_BY"] for file in files}) >= 4
    assert all(int(file["SIZE"]) > 20 for file in files)
    mine = await call.result("disk.storage.getchildren", {"id": 2})
    assert [file["TYPE"] for file in mine] == ["file"]


async def test_the_feed_has_news_of_today_and_of_the_weeks_before(anytime: tuple[Caller, float]) -> None:
    call, now = anytime
    answer = await call("log.blogpost.get")
    if answer.get("error") == "ERROR_METHOD_NOT_FOUND":
        pytest.skip("this portal has no feed")
    posts = answer["result"]
    published = [datetime.fromisoformat(post["DATE_PUBLISH"]).timestamp() for post in posts]
    assert day(now) in {day(date) for date in published}
    assert max(published) <= now
    assert min(published) < now - 14 * 86400
    assert len({post["AUTHOR_ID"] for post in posts}) >= 4
