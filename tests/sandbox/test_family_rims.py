"""Decisions at the rims of families: who may change a record, what stays, what goes along with it."""

from __future__ import annotations

from b24_sandbox.entities.crm_requisites import PRESET_FIELD
from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller
from tests.sandbox.test_flows import FLOW
from tests.sandbox.test_open_lines import CONNECTOR

TASK = 7


async def test_an_update_of_a_currency_keeps_its_other_languages(write: Caller) -> None:
    texts = {"ru": {"FULL_NAME": "Рубль"}, "en": {"FULL_NAME": "Rouble"}}
    await write.result("crm.currency.localizations.set", {"id": "RUB", "localizations": texts})
    await write.result("crm.currency.update", {"id": "RUB", "fields": {"LANG": {"en": {"FULL_NAME": "Ruble"}}}})
    shown = await write.result("crm.currency.localizations.get", {"id": "RUB"})
    assert (shown["ru"]["FULL_NAME"], shown["en"]["FULL_NAME"]) == ("Рубль", "Ruble")


async def test_the_base_currency_has_the_rate_one(write: Caller) -> None:
    await write.result("crm.currency.update", {"id": "USD", "fields": {"AMOUNT": 92.5, "AMOUNT_CNT": 10}})
    await write.result("crm.currency.base.set", {"id": "USD"})
    shown = await write.result("crm.currency.get", {"id": "USD"})
    assert (float(shown["AMOUNT"]), int(shown["AMOUNT_CNT"])) == (1.0, 1)


async def test_bank_details_belong_to_the_first_country_unless_one_is_sent(write: Caller) -> None:
    (requisite, *_) = await write.result("crm.requisite.list", {"select": ["ID"]})
    fields = {"ENTITY_ID": requisite["ID"], "NAME": "Счёт"}
    for sent, country in (({}, "1"), ({"COUNTRY_ID": 122}, "122")):
        made = await write.result("crm.requisite.bankdetail.add", {"fields": {**fields, **sent}})
        assert (await write.result("crm.requisite.bankdetail.get", {"id": made}))["COUNTRY_ID"] == country


async def test_the_fields_of_a_preset_are_taken_once_and_go_with_it(write: Caller) -> None:
    fields = {"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 1, "NAME": "Договор"}
    preset = {"ID": await write.result("crm.requisite.preset.add", {"fields": fields})}
    field = {"preset": preset, "fields": {"FIELD_NAME": "RQ_INN", "FIELD_TITLE": "ИНН"}}
    before = await write.result("crm.requisite.preset.field.availabletoadd", {"preset": preset})
    await write.result("crm.requisite.preset.field.add", field)
    left = await write.result("crm.requisite.preset.field.availabletoadd", {"preset": preset})
    assert set(before) - set(left) == {"RQ_INN"}
    kept = write.sandbox.portal.storage.count(PRESET_FIELD)
    await write.result("crm.requisite.preset.delete", {"id": preset["ID"]})
    assert write.sandbox.portal.storage.count(PRESET_FIELD) == kept - 1


async def test_a_recurring_deal_counts_its_deals(write: Caller) -> None:
    made = await write.result("crm.deal.recurring.add", {"fields": {"DEAL_ID": 1}})
    for _ in range(2):
        await write.result("crm.deal.recurring.expose", {"id": made})
    assert (await write.result("crm.deal.recurring.get", {"id": made}))["COUNTER_REPEAT"] == "2"


async def test_a_call_list_has_each_client_once_and_keeps_their_type(write: Caller) -> None:
    made = await write.result("crm.calllist.add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": [1, 2, 1]})
    items = await write.result("crm.calllist.items.get", {"LIST_ID": made})
    assert [item["ID"] for item in items] == [1, 2]
    change = {"LIST_ID": made, "ENTITY_TYPE": "COMPANY", "ENTITIES": [1]}
    _, answer = await write.refused("crm.calllist.update", change)
    assert answer["error"] == "ENTITY_TYPE_ERROR"


async def test_an_item_moved_behind_another_comes_before_the_following_ones(write: Caller) -> None:
    root = await write.result("task.checklistitem.add", [TASK, {"TITLE": "Запуск", "PARENT_ID": 0}])
    one, two, three = [
        await write.result("task.checklistitem.add", [TASK, {"TITLE": title, "PARENT_ID": root, "SORT_INDEX": place}])
        for place, title in enumerate(("Раз", "Два", "Три"))
    ]
    await write.result("task.checklistitem.moveafteritem", [TASK, three, one])
    shown = await write.result("task.checklistitem.getlist", [TASK, {"SORT_INDEX": "asc"}])
    assert [int(row["ID"]) for row in shown if int(row["PARENT_ID"]) == root] == [one, three, two]


async def test_an_item_without_a_parent_enters_the_checklist_of_its_own_task(write: Caller) -> None:
    other = await write.result("tasks.task.add", {"fields": {"TITLE": "Другая", "RESPONSIBLE_ID": 1}})
    number = int(other["task"]["id"])
    for task in (TASK, number):
        await write.result("task.checklistitem.add", [task, {"TITLE": "Пункт"}])
    shown = await write.result("task.checklistitem.getlist", [number])
    root, item = (int(row["ID"]) for row in shown)
    assert [int(row["PARENT_ID"]) for row in shown] == [0, root]
    assert item > root


async def test_an_elapsed_item_has_three_actions_and_a_checklist_item_four(write: Caller) -> None:
    spent = await write.result("task.elapseditem.add", [TASK, {"SECONDS": 60}])
    item = await write.result("task.checklistitem.add", [TASK, {"TITLE": "Пункт"}])
    assert await write.result("task.elapseditem.isactionallowed", [TASK, spent, 4]) is False
    assert await write.result("task.checklistitem.isactionallowed", [TASK, item, 4]) is True


async def test_colleagues_are_the_others_who_work_in_the_department(write: Caller) -> None:
    seller = write.as_user()
    colleagues = await seller.result("im.department.colleagues.list")
    assert 4 not in colleagues
    await write.result("user.update", {"ID": 5, "ACTIVE": "N"})
    assert set(colleagues) - set(await seller.result("im.department.colleagues.list")) == {5}


async def test_mail_services_are_listed_by_their_sort(write: Caller) -> None:
    for name, sort in (("Второй", 20), ("Первый", 10)):
        await write.result("mailservice.add", {"NAME": name, "SORT": sort})
    assert [row["NAME"] for row in await write.result("mailservice.list")] == ["Первый", "Второй"]


async def test_a_connector_registered_again_stays_switched_on(write: Caller) -> None:
    app, line = AsApplication(write), {"CONNECTOR": CONNECTOR["ID"], "LINE": 1}
    await app.result("imconnector.register", CONNECTOR)
    await app.result("imconnector.activate", {**line, "ACTIVE": 1})
    await app.result("imconnector.register", {**CONNECTOR, "NAME": "Other"})
    assert (await app.result("imconnector.status", line))["STATUS"] is True


async def test_the_owner_of_a_flow_may_change_it(write: Caller) -> None:
    seller = write.as_user()
    for owner, may in ((4, True), (2, False)):
        sent = {"flowData": {**FLOW, "name": f"Поток {owner}", "ownerId": owner}}
        flow = (await write.result("tasks.flow.Flow.create", sent))["id"]
        answer = await seller("tasks.flow.Flow.activate", {"flowId": flow})
        assert ("error" not in answer) is may


async def test_an_upload_with_a_unique_name_is_numbered(write: Caller) -> None:
    (storage, *_) = await write.result("disk.storage.getlist")
    for unique in (False, True):
        sent = {"id": storage["ID"], "data": {"NAME": "Акт.txt"}, "generateUniqueName": unique}
        asked = await write.result("disk.storage.uploadfile", sent)
        response = await write.http.post(asked["uploadUrl"], files={"file": ("Акт.txt", b"text")})
        name = response.json()["result"]["NAME"]
        assert (name == "Акт.txt") is not unique


async def test_an_author_sees_an_own_post_for_others(write: Caller) -> None:
    seller = write.as_user()
    post = await seller.result("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": ["U2"]})
    assert [row["ID"] for row in await seller.result("log.blogpost.get", {"POST_ID": post})] == [str(post)]


async def test_the_address_of_a_deleted_file_finds_nothing(write: Caller) -> None:
    (storage, *_) = await write.result("disk.storage.getlist")
    sent = {"id": storage["ID"], "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "aGk="]}
    file = await write.result("disk.storage.uploadfile", sent)
    assert (await write.http.get(file["DOWNLOAD_URL"])).text == "hi"
    await write.result("disk.file.delete", {"id": file["ID"]})
    response = await write.http.get(file["DOWNLOAD_URL"])
    assert (response.status_code, response.json()["error"]) == (400, "ERROR_NOT_FOUND")
