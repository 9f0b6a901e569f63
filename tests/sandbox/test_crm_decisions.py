"""What the CRM decides: defaults of new records, what is deleted with a record, bindings, to-dos, rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

DEAL, LEAD, CONTACT, COMPANY = 2, 1, 3, 4


async def _deal(write: Caller, **fields: object) -> int:
    return int(await write.result("crm.deal.add", {"fields": {"TITLE": "Насос", **fields}}))


async def _call_activity(write: Caller, deal: int) -> int:
    person = {"VALUE": "+74950000000", "ENTITY_ID": 1, "ENTITY_TYPE_ID": CONTACT, "TYPE": "PHONE"}
    fields = {"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal, "TYPE_ID": 2, "SUBJECT": "Звонок", "RESPONSIBLE_ID": 1}
    return int(await write.result("crm.activity.add", {"fields": {**fields, "COMMUNICATIONS": [person]}}))


async def _todo(write: Caller, deal: int, **more: object) -> int:
    sent = {"ownerTypeId": DEAL, "ownerId": deal, "deadline": "2026-03-05T10:00:00+03:00", **more}
    return int((await write.result("crm.activity.todo.add", sent))["id"])


async def test_a_new_deal_has_the_defaults_of_the_portal(write: Caller) -> None:
    deal = await write.result("crm.deal.get", {"id": await _deal(write)})
    shown = {name: deal[name] for name in ("STAGE_ID", "STAGE_SEMANTIC_ID", "CLOSED", "OPENED", "IS_NEW", "TYPE_ID")}
    assert shown == {
        "STAGE_ID": "NEW",
        "STAGE_SEMANTIC_ID": "P",
        "CLOSED": "N",
        "OPENED": "Y",
        "IS_NEW": "Y",
        "TYPE_ID": "SALE",
    }
    assert (deal["ASSIGNED_BY_ID"], deal["CREATED_BY_ID"], deal["CATEGORY_ID"]) == ("1", "1", "0")
    assert (deal["CURRENCY_ID"], deal["IS_MANUAL_OPPORTUNITY"]) == ("RUB", "N")
    assert (deal["BEGINDATE"][:10], deal["CLOSEDATE"][:10]) == ("2026-03-01", "2026-03-08")


async def test_a_new_record_belongs_to_its_author(write: Caller) -> None:
    deal = await _deal(write.as_user())
    shown = await write.result("crm.deal.get", {"id": deal})
    assert (shown["ASSIGNED_BY_ID"], shown["CREATED_BY_ID"], shown["MODIFY_BY_ID"]) == ("4", "4", "4")
    await write.result("crm.deal.update", {"id": deal, "fields": {"TITLE": "Клапан"}})
    changed = await write.result("crm.deal.get", {"id": deal})
    assert (changed["ASSIGNED_BY_ID"], changed["CREATED_BY_ID"], changed["MODIFY_BY_ID"]) == ("4", "4", "1")


async def test_a_sent_amount_is_marked_as_manual(write: Caller) -> None:
    deal = await write.result("crm.deal.get", {"id": await _deal(write, OPPORTUNITY=10)})
    assert (deal["OPPORTUNITY"], deal["IS_MANUAL_OPPORTUNITY"]) == ("10.00", "Y")


async def test_an_unknown_pipeline_becomes_the_default_one(write: Caller) -> None:
    deal = await write.result("crm.deal.get", {"id": await _deal(write, CATEGORY_ID=77)})
    assert deal["CATEGORY_ID"] == "0"


@pytest.mark.parametrize(
    ("stage", "semantics", "closed", "kind"), [("EXECUTING", "P", "N", 2), ("WON", "S", "Y", 3), ("LOSE", "F", "Y", 3)]
)
async def test_a_stage_decides_whether_a_deal_is_closed(
    write: Caller, stage: str, semantics: str, closed: str, kind: int
) -> None:
    deal = await _deal(write)
    await write.result("crm.deal.update", {"id": deal, "fields": {"STAGE_ID": stage}})
    shown = await write.result("crm.deal.get", {"id": deal})
    assert (shown["STAGE_SEMANTIC_ID"], shown["CLOSED"], shown["IS_NEW"]) == (semantics, closed, "N")
    history = await write.result("crm.stagehistory.list", {"entityTypeId": DEAL, "filter": {"OWNER_ID": deal}})
    assert sorted((row["TYPE_ID"], row["STAGE_ID"]) for row in history["items"]) == [(1, "NEW"), (kind, stage)]


async def test_a_write_without_a_new_stage_adds_no_history(write: Caller) -> None:
    deal = await _deal(write)
    await write.result("crm.deal.update", {"id": deal, "fields": {"STAGE_ID": "NEW", "TITLE": "Клапан"}})
    history = await write.result("crm.stagehistory.list", {"entityTypeId": DEAL, "filter": {"OWNER_ID": deal}})
    assert len(history["items"]) == 1


@pytest.mark.parametrize(("stage", "closed"), [("IN_PROCESS", False), ("JUNK", True), ("CONVERTED", True)])
async def test_a_lead_is_closed_by_a_final_stage(write: Caller, stage: str, closed: bool) -> None:
    lead = await write.result("crm.lead.add", {"fields": {"TITLE": "Заявка", "STATUS_ID": stage}})
    shown = await write.result("crm.lead.get", {"id": lead})
    assert bool(shown["DATE_CLOSED"]) is closed


async def test_everything_of_a_deal_is_deleted_with_it(write: Caller) -> None:
    deal = await _deal(write)
    await write.result("crm.deal.productrows.set", {"id": deal, "rows": [{"PRODUCT_NAME": "Шайба", "PRICE": 5}]})
    only, shared = await _todo(write, deal), await _todo(write, deal)
    await write.result("crm.activity.binding.add", {"activityId": shared, "entityTypeId": LEAD, "entityId": 1})
    fields = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Да"}
    await write.result("crm.timeline.comment.add", {"fields": fields})
    link = {"ENTITY_TYPE_ID": DEAL, "ENTITY_ID": deal, "REQUISITE_ID": 0, "BANK_DETAIL_ID": 0}
    await write.result(
        "crm.requisite.link.register", {"fields": {**link, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}}
    )
    assert await write.result("crm.deal.delete", {"id": deal}) is True
    rows = await write.result("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": deal}})
    assert rows["productRows"] == []
    await write.refused("crm.activity.get", {"id": only})
    bound = await write.result("crm.activity.binding.list", {"activityId": shared})
    assert {"entityTypeId": LEAD, "entityId": 1} in bound
    assert {"entityTypeId": DEAL, "entityId": deal} not in bound
    history = await write.result("crm.stagehistory.list", {"entityTypeId": DEAL, "filter": {"OWNER_ID": deal}})
    assert history["items"] == []
    comments = {"filter": {"ENTITY_ID": deal, "ENTITY_TYPE": "deal"}}
    assert await write.result("crm.timeline.comment.list", comments) == []
    links = {"filter": {"ENTITY_TYPE_ID": DEAL, "ENTITY_ID": deal}}
    assert await write.result("crm.requisite.link.list", links) == []


async def test_requisites_of_a_company_are_deleted_with_it(write: Caller) -> None:
    company = await write.result("crm.company.add", {"fields": {"TITLE": "Завод"}})
    other = await write.result("crm.company.add", {"fields": {"TITLE": "Фабрика"}})
    ids = []
    for owner in (company, other):
        fields = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": owner, "PRESET_ID": 1, "NAME": "Главный"}
        requisite = await write.result("crm.requisite.add", {"fields": fields})
        bank = await write.result("crm.requisite.bankdetail.add", {"fields": {"ENTITY_ID": requisite, "NAME": "Банк"}})
        ids.append((requisite, bank))
    await write.result("crm.company.delete", {"id": company})
    await write.refused("crm.requisite.get", {"id": ids[0][0]})
    await write.refused("crm.requisite.bankdetail.get", {"id": ids[0][1]})
    assert (await write.result("crm.requisite.get", {"id": ids[1][0]}))["ENTITY_ID"] == str(other)
    assert (await write.result("crm.requisite.bankdetail.get", {"id": ids[1][1]}))["NAME"] == "Банк"


@pytest.mark.parametrize("number", [LEAD, DEAL, 7, 31])
async def test_a_deleted_contact_leaves_the_records_that_name_it(write: Caller, number: int) -> None:
    first, second = [await write.result("crm.contact.add", {"fields": {"NAME": name}}) for name in ("Анна", "Ольга")]
    ids = []
    for contacts in ([first, second], [first], [second]):
        sent = {"entityTypeId": number, "fields": {"title": "Насос", "contactIds": contacts}}
        ids.append((await write.result("crm.item.add", sent))["item"]["id"])
    await write.result("crm.contact.delete", {"id": first})
    left = []
    for record in ids:
        item = (await write.result("crm.item.get", {"entityTypeId": number, "id": record}))["item"]
        left.append((item["contactId"] or None, item["contactIds"]))
    assert left == [(second, [second]), (None, []), (second, [second])]


async def test_a_deleted_contact_leaves_its_companies(write: Caller) -> None:
    contact = await write.result("crm.contact.add", {"fields": {"NAME": "Анна"}})
    company = await write.result("crm.company.add", {"fields": {"TITLE": "Завод"}})
    await write.result("crm.company.contact.add", {"id": company, "fields": {"CONTACT_ID": contact}})
    await write.result("crm.contact.delete", {"id": contact})
    assert await write.result("crm.company.contact.items.get", {"id": company}) == []


async def test_a_binding_is_added_once_and_the_last_one_stays(write: Caller) -> None:
    deal = await _deal(write)
    activity = await _call_activity(write, deal)
    held = await write.result("crm.activity.binding.list", {"activityId": activity})
    for item in held:
        _, answer = await write.refused("crm.activity.binding.add", {"activityId": activity, **item})
        assert answer["error"] == "ACTIVITY_IS_ALREADY_BOUND"
    for item in held[1:]:
        await write.result("crm.activity.binding.delete", {"activityId": activity, **item})
    _, answer = await write.refused("crm.activity.binding.delete", {"activityId": activity, **held[0]})
    assert answer["error"] == "LAST_BINDING_CANNOT_BE_DELETED"
    absent = {"entityTypeId": LEAD, "entityId": 1}
    _, answer = await write.refused("crm.activity.binding.delete", {"activityId": activity, **absent})
    assert answer["error"] == "BINDING_NOT_FOUND"


async def test_a_binding_moves_only_from_where_it_is(write: Caller) -> None:
    first, second = await _deal(write), await _deal(write)
    activity = await _todo(write, first)
    move = {"activityId": activity, "sourceEntityTypeId": DEAL, "targetEntityTypeId": DEAL}
    _, answer = await write.refused(
        "crm.activity.binding.move", {**move, "sourceEntityId": second, "targetEntityId": first}
    )
    assert answer["error"] == "BINDING_NOT_FOUND"
    await write.result("crm.activity.binding.move", {**move, "sourceEntityId": first, "targetEntityId": second})
    bound = await write.result("crm.activity.binding.list", {"activityId": activity})
    assert bound == [{"entityTypeId": DEAL, "entityId": second}]


async def test_a_to_do_is_changed_by_its_owner_only(write: Caller) -> None:
    first, second = await _deal(write), await _deal(write)
    todo, call = await _todo(write, first), await _call_activity(write, first)
    sent = {"id": todo, "ownerTypeId": DEAL, "ownerId": first, "value": "Ответить"}
    assert await write.result("crm.activity.todo.updateDescription", sent) == {"id": todo}
    assert (await write.result("crm.activity.get", {"id": todo}))["DESCRIPTION"] == "Ответить"
    for wrong in ({"ownerId": second}, {"id": call}, {"id": 99_999}):
        _, answer = await write.refused("crm.activity.todo.updateDescription", {**sent, **wrong})
        assert answer["error"] == "NOT_FOUND"


async def test_a_new_to_do_has_defaults(write: Caller) -> None:
    todo = await write.result("crm.activity.get", {"id": await _todo(write, await _deal(write))})
    assert (todo["SUBJECT"], todo["RESPONSIBLE_ID"], todo["PROVIDER_ID"], todo["COMPLETED"]) == (
        "Дело",
        "1",
        "CRM_TODO",
        "N",
    )
    assert todo["DEADLINE"] == "2026-03-05T10:00:00+03:00"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAX_INCLUDED", "N"),
        ("CUSTOMIZED", "Y"),
        ("MEASURE_CODE", "796"),
        ("TYPE", 1),
        ("STORE_ID", 0),
        ("QUANTITY", 1),
        ("DISCOUNT_SUM", 0),
    ],
)
async def test_a_product_row_has_defaults(write: Caller, name: str, value: object) -> None:
    deal = await _deal(write)
    await write.result("crm.deal.productrows.set", {"id": deal, "rows": [{"PRODUCT_NAME": "Шайба", "PRICE": 5}]})
    row = (await write.result("crm.deal.productrows.get", {"id": deal}))[0]
    assert str(row[name]) == str(value)


async def test_fields_of_a_classic_pipeline_have_types(call: Caller) -> None:
    fields = await call.result("crm.dealcategory.fields")
    assert {name: field["type"] for name, field in fields.items()} == {
        "ID": "integer",
        "NAME": "string",
        "SORT": "integer",
        "CREATED_DATE": "date",
        "IS_LOCKED": "char",
    }


async def test_a_pipeline_with_deals_cannot_be_deleted(write: Caller) -> None:
    category = (await write.result("crm.category.add", {"entityTypeId": DEAL, "fields": {"name": "Сервис"}}))[
        "category"
    ]
    deal = await _deal(write, CATEGORY_ID=category["id"])
    sent = {"entityTypeId": DEAL, "id": category["id"]}
    _, answer = await write.refused("crm.category.delete", sent)
    assert answer["error"] == "0"
    await write.result("crm.deal.delete", {"id": deal})
    assert await write.result("crm.category.delete", sent) is None
    stages = await write.result("crm.status.list", {"filter": {"ENTITY_ID": f"DEAL_STAGE_{category['id']}"}})
    assert stages == []


@pytest.mark.parametrize(("filled", "shown"), [("Подсказка", "Подсказка"), ("", None)])
async def test_an_empty_text_of_a_user_field_is_none(write: Caller, filled: str, shown: str | None) -> None:
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_NOTE", "userTypeId": "string", "xmlId": filled}
    made = await write.result("userfieldconfig.add", {"moduleId": "crm", "field": field})
    read = await write.result("userfieldconfig.get", {"moduleId": "crm", "id": made["field"]["id"]})
    assert read["field"]["xmlId"] == shown


async def test_addresses_of_files_tell_user_fields_apart(write: Caller) -> None:
    field = {"FIELD_NAME": "SCAN", "USER_TYPE_ID": "file"}
    await write.result("crm.deal.userfield.add", {"fields": field})
    deal = await _deal(write, UF_CRM_SCAN={"fileData": ["a.txt", "YQ=="]})
    scan = (await write.result("crm.deal.get", {"id": deal}))["UF_CRM_SCAN"]
    assert "dynamic=true" in scan["showUrl"]
    contact = await write.result(
        "crm.contact.add", {"fields": {"NAME": "Анна", "PHOTO": {"fileData": ["a.png", "YQ=="]}}}
    )
    photo = (await write.result("crm.contact.get", {"id": contact}))["PHOTO"]
    assert "dynamic=false" in photo["showUrl"]


@pytest.mark.parametrize("word", ["lead", "deal", "contact", "company"])
async def test_only_administrators_write_the_view_of_all_users(write: Caller, word: str) -> None:
    data: list[dict[str, Any]] = [
        {"name": "main", "title": "Главное", "type": "section", "elements": [{"name": "COMMENTS"}]}
    ]
    method = f"crm.{word}.details.configuration"
    user = write.as_user()
    for action in ("set", "reset"):
        sent = {"scope": "C", "data": data}
        _, answer = await user.refused(f"{method}.{action}", sent)
        assert answer["error_description"] == "Access denied."
    await user.refused(f"{method}.set", {"scope": "P", "userId": 1, "data": data})
    await user.refused(f"{method}.forceCommonScopeForAll")
    await user.result(f"{method}.set", {"scope": "P", "data": data})
    assert await user.result(f"{method}.get", {"scope": "P"}) == data
    assert await write.result(f"{method}.get", {"scope": "P"}) != data


@pytest.mark.parametrize(
    ("word", "extras", "apart"),
    [
        ("deal", {"dealCategoryId": 1}, True),
        ("lead", {"leadCustomerType": 2}, True),
        ("contact", {"categoryId": 1}, False),
        ("company", {"categoryId": 1}, False),
    ],
)
async def test_views_are_kept_by_pipeline_only_where_a_record_has_one(
    write: Caller, word: str, extras: dict[str, int], apart: bool
) -> None:
    data = [{"name": "main", "title": "Главное", "type": "section", "elements": [{"name": "COMMENTS"}]}]
    await write.result(f"crm.{word}.details.configuration.set", {"data": data, "extras": extras})
    plain = await write.result(f"crm.{word}.details.configuration.get")
    assert (plain != data) is apart
    assert await write.result(f"crm.{word}.details.configuration.get", {"extras": extras}) == data


@pytest.mark.parametrize(
    ("method", "sent", "code"),
    [
        ("crm.status.add", {"fields": {"ENTITY_ID": "SOURCE", "STATUS_ID": "FAIR", "NAME": "Ярмарка"}}, ""),
        ("crm.currency.base.set", {"id": "USD"}, ""),
        ("crm.deal.userfield.add", {"fields": {"FIELD_NAME": "NOTE", "USER_TYPE_ID": "string"}}, ""),
        ("crm.vat.add", {"fields": {"NAME": "НДС 5%", "RATE": 5}}, ""),
        ("crm.type.add", {"fields": {"title": "Аренда"}}, "ACCESS_DENIED"),
        ("crm.category.add", {"entityTypeId": DEAL, "fields": {"name": "Сервис"}}, "ACCESS_DENIED"),
        ("crm.automatedsolution.add", {"fields": {"title": "Аренда"}}, "ACCESS_DENIED"),
    ],
)
async def test_settings_are_changed_by_an_administrator(
    write: Caller, method: str, sent: dict[str, object], code: str
) -> None:
    status, answer = await write.as_user().refused(method, sent)
    assert (status, answer["error"], answer["error_description"].rstrip(".")) == (400, code, "Access denied")
    await write.result(method, sent)


@pytest.mark.parametrize("method", ["crm.status.update", "crm.status.delete"])
async def test_directories_send_the_text_of_an_error_as_its_code(write: Caller, method: str) -> None:
    made = {"ENTITY_ID": "SOURCE", "STATUS_ID": "FAIR", "NAME": "Ярмарка"}
    sent = {"id": await write.result("crm.status.add", {"fields": made}), "fields": {"NAME": "Рынок"}}
    _, answer = await write.as_user().refused(method, sent)
    assert answer == {"error": "Access denied.", "error_description": "Access denied."}
    assert await write.result(method, sent) is True


async def _bank(write: Caller, **more: object) -> dict[str, Any]:
    owner = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Главный"}
    requisite = await write.result("crm.requisite.add", {"fields": owner})
    fields = {"ENTITY_ID": requisite, "NAME": "Банк", **more}
    number = await write.result("crm.requisite.bankdetail.add", {"fields": fields})
    return dict(await write.result("crm.requisite.bankdetail.get", {"id": number}))


@pytest.mark.parametrize(("sent", "country"), [({}, "1"), ({"COUNTRY_ID": 14}, "14")])
async def test_bank_details_are_russian_unless_a_country_is_sent(
    write: Caller, sent: dict[str, int], country: str
) -> None:
    assert (await _bank(write, **sent))["COUNTRY_ID"] == country


async def test_bank_details_need_a_requisite(write: Caller) -> None:
    for owner in (0, 99_999):
        fields = {"ENTITY_ID": owner, "NAME": "Банк"}
        _, answer = await write.refused("crm.requisite.bankdetail.add", {"fields": fields})
        assert answer["error_description"] == "ENTITY_ID is not defined or invalid."


async def test_a_preset_belongs_to_requisites_and_stays_while_it_is_used(write: Caller) -> None:
    preset = {"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 1, "NAME": "Свой"}
    await write.refused("crm.requisite.preset.add", {"fields": {**preset, "ENTITY_TYPE_ID": COMPANY}})
    number = await write.result("crm.requisite.preset.add", {"fields": preset})
    owner = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": 1, "PRESET_ID": number, "NAME": "Главный"}
    requisite = await write.result("crm.requisite.add", {"fields": owner})
    await write.refused("crm.requisite.preset.delete", {"id": number})
    await write.result("crm.requisite.delete", {"id": requisite})
    assert await write.result("crm.requisite.preset.delete", {"id": number}) is True
