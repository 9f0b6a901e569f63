"""b24pysdk: its typed methods for records, their links and their fields; answers are checked, not only accepted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from b24pysdk.errors import BitrixAPIBadRequest


@dataclass(frozen=True)
class Kind:
    """A kind of record: how to reach it, what is written, what is changed; everything written must be read back."""

    name: str
    wrapper: Callable[[Any], Any]
    written: dict[str, Any]
    changed: dict[str, Any]
    fields: set[str] = field(default_factory=set)


KINDS = [
    Kind(
        "deal",
        lambda client: client.crm.deal,
        {"TITLE": "Сделка", "TYPE_ID": "GOODS", "STAGE_ID": "NEW", "CURRENCY_ID": "USD", "OPPORTUNITY": 1000.5},
        {"TITLE": "Renamed", "OPPORTUNITY": 2000.25},
        {"STAGE_SEMANTIC_ID", "MOVED_TIME", "CONTACT_IDS", "LAST_ACTIVITY_TIME", "UTM_SOURCE"},
    ),
    Kind(
        "lead",
        lambda client: client.crm.lead,
        {"TITLE": "Лид", "NAME": "Ada", "LAST_NAME": "L", "STATUS_ID": "CONVERTED", "OPPORTUNITY": "12500.00"},
        {"TITLE": "Renamed"},
        {"STATUS_SEMANTIC_ID", "PHONE", "EMAIL", "HAS_PHONE"},
    ),
    Kind(
        "contact",
        lambda client: client.crm.contact,
        {"NAME": "Ada", "SECOND_NAME": "K", "LAST_NAME": "L", "TYPE_ID": "CLIENT", "SOURCE_ID": "WEB", "OPENED": "Y"},
        {"NAME": "Grace"},
        {"POST", "ASSIGNED_BY_ID", "COMPANY_IDS"},
    ),
    Kind(
        "company",
        lambda client: client.crm.company,
        {"TITLE": "ООО", "COMPANY_TYPE": "CUSTOMER", "INDUSTRY": "MANUFACTURING", "EMPLOYEES": "EMPLOYEES_2"},
        {"REVENUE": 500000.0, "EMPLOYEES": "EMPLOYEES_3"},
        {"BANKING_DETAILS", "REG_ADDRESS", "IS_MY_COMPANY", "LOGO", "WEB"},
    ),
    Kind(
        "quote",
        lambda client: client.crm.quote,
        {"TITLE": "Предложение", "STATUS_ID": "DRAFT", "CURRENCY_ID": "USD", "OPPORTUNITY": 5000.0, "OPENED": "Y"},
        {"STATUS_ID": "SENT"},
        {"QUOTE_NUMBER", "TERMS", "MYCOMPANY_ID", "PERSON_TYPE_ID"},
    ),
    Kind(
        "activity",
        lambda client: client.crm.activity,
        {
            "OWNER_TYPE_ID": 1,
            "OWNER_ID": 1,
            "TYPE_ID": 2,
            "SUBJECT": "Звонок",
            "RESPONSIBLE_ID": 1,
            "COMPLETED": "N",
            "COMMUNICATIONS": [{"VALUE": "+79000000000", "ENTITY_ID": 1, "ENTITY_TYPE_ID": 1}],
        },
        {"SUBJECT": "Renamed"},
        {"OWNER_TYPE_ID", "SUBJECT", "RESPONSIBLE_ID"},
    ),
]


def same(read: Any, written: Any) -> bool:
    """Whether a value came back: the portal answers numbers as text."""
    return float(read) == written if isinstance(written, float) else read == str(written)


def unique(prefix: str) -> str:
    """A name nothing on the portal has yet."""
    return f"{prefix}{time.time_ns()}"


@pytest.fixture
def deal(client: Any) -> Any:
    """The number of a deal of this test's own."""
    number = client.crm.deal.add(fields={"TITLE": "For links"}).response.result
    yield number
    assert client.crm.deal.delete(bitrix_id=number).response.result is True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_is_added_read_changed_found_and_deleted(client: Any, kind: Kind) -> None:
    records = kind.wrapper(client)
    number = records.add(fields=kind.written).response.result
    read = records.get(bitrix_id=number).response.result
    plain = {name: value for name, value in kind.written.items() if not isinstance(value, list)}
    assert read["ID"] == str(number)
    assert {name: read[name] for name, value in plain.items() if not same(read[name], value)} == {}
    assert records.update(bitrix_id=number, fields=kind.changed).response.result is True
    (found,) = records.list(filter={"ID": number}, select=["ID", *kind.changed]).response.result
    assert {name: found[name] for name, value in kind.changed.items() if not same(found[name], value)} == {}
    assert records.delete(bitrix_id=number).response.result is True
    with pytest.raises(BitrixAPIBadRequest):
        _ = records.get(bitrix_id=number).response


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_fields_of_a_record_describe_themselves(by_webhook: Any, kind: Kind) -> None:
    fields = kind.wrapper(by_webhook).fields().response.result
    assert kind.fields | set(kind.written) <= set(fields)
    assert fields["ID"]["isReadOnly"] is True
    assert all(description["type"] for description in fields.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_list_is_walked_downwards_by_id(by_webhook: Any, kind: Kind) -> None:
    records = kind.wrapper(by_webhook)
    numbers = [int(row["ID"]) for row in records.list(select=["ID"]).as_list_fast(descending=True).response.result]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == records.list(select=["ID"]).response.total


def test_contacts_are_linked_to_a_deal_and_unlinked(client: Any, deal: int) -> None:
    first, second = (client.crm.contact.add(fields={"NAME": name}).response.result for name in ("One", "Two"))
    links = client.crm.deal.contact
    for number, sort in ((first, 20), (second, 10)):
        assert links.add(bitrix_id=deal, fields={"CONTACT_ID": number, "SORT": sort}).response.result is True
    assert {row["CONTACT_ID"] for row in links.items.get(bitrix_id=deal).response.result} == {first, second}
    assert links.delete(bitrix_id=deal, fields={"CONTACT_ID": first}).response.result is True
    assert [row["CONTACT_ID"] for row in links.items.get(bitrix_id=deal).response.result] == [second]
    assert links.items.delete(bitrix_id=deal).response.result is True
    assert links.items.get(bitrix_id=deal).response.result == []


def test_goods_of_a_deal_are_set_and_read(client: Any, deal: int) -> None:
    rows = [{"PRODUCT_NAME": "Стол", "PRICE": "100.00", "QUANTITY": 2}, {"PRODUCT_NAME": "Стул", "PRICE": 50.5}]
    assert client.crm.deal.productrows.set(bitrix_id=deal, rows=rows).response.result is True
    read = client.crm.deal.productrows.get(bitrix_id=deal).response.result
    assert [(row["PRODUCT_NAME"], float(row["PRICE"]), float(row["QUANTITY"])) for row in read] == [
        ("Стол", 100.0, 2.0),
        ("Стул", 50.5, 1.0),
    ]


def test_a_field_of_the_portals_own_is_added_changed_used_and_removed(client: Any, deal: int) -> None:
    own = client.crm.deal.userfield
    name = unique("UF_CRM_SDK_")
    number = own.add(fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"}).response.result
    assert own.update(bitrix_id=number, fields={"SORT": 70, "SETTINGS": {"ROWS": 3}}).response.result is True
    (described,) = own.list(filter={"ID": number}).response.result
    assert (described["FIELD_NAME"], described["SORT"], described["SETTINGS"]["ROWS"]) == (name, "70", 3)
    assert client.crm.deal.update(bitrix_id=deal, fields={name: "значение"}).response.result is True
    assert client.crm.deal.get(bitrix_id=deal).response.result[name] == "значение"
    assert own.delete(bitrix_id=number).response.result is True
    assert name not in client.crm.deal.fields().response.result


def test_a_smart_process_is_made_filled_and_removed(client: Any) -> None:
    made = client.crm.type.add(fields={"title": "Процесс"}).response.result["type"]
    kind = made["entityTypeId"]
    item = client.crm.item.add(entity_type_id=kind, fields={"title": "Первый"}).response.result["item"]
    (found,) = client.crm.item.list(entity_type_id=kind, filter={"title": "Первый"}).response.result["items"]
    assert found["id"] == item["id"]
    assert client.crm.item.delete(entity_type_id=kind, bitrix_id=item["id"]).response.result == []
    assert client.crm.type.delete(bitrix_id=made["id"]).response.result == []


def test_a_pipeline_of_deals_is_made_and_removed(client: Any) -> None:
    made = client.crm.category.add(entity_type_id=2, fields={"name": "Воронка", "sort": 900}).response.result
    number = made["category"]["id"]
    names = {row["id"]: row["name"] for row in client.crm.category.list(entity_type_id=2).response.result["categories"]}
    assert names[number] == "Воронка"
    assert client.crm.category.delete(entity_type_id=2, bitrix_id=number).response.result is None


def test_an_item_of_a_directory_is_added_and_removed(client: Any) -> None:
    code = unique("SDK")
    number = client.crm.status.add(fields={"ENTITY_ID": "SOURCE", "STATUS_ID": code, "NAME": "N"}).response.result
    listed = client.crm.status.entity.items(entity_id="SOURCE").response.values
    assert code in {item.status_id for item in listed}
    assert client.crm.status.delete(bitrix_id=number).response.result is True


def test_a_task_is_added_walked_through_its_states_and_deleted(client: Any) -> None:
    tasks = client.tasks.task
    number = int(tasks.add(fields={"TITLE": "Задача", "RESPONSIBLE_ID": 1}).response.result["task"]["id"])
    assert tasks.get(task_id=number, select=["ID", "STATUS"]).response.result["task"]["status"] == "2"
    tasks.start(task_id=number).response.to_dict()
    tasks.complete(task_id=number).response.to_dict()
    assert tasks.get(task_id=number, select=["ID", "STATUS"]).response.result["task"]["status"] == "5"
    (found,) = tasks.list(filter={"ID": number}, select=["ID", "TITLE"]).response.result["tasks"]
    assert found["title"] == "Задача"
    assert tasks.delete(task_id=number).response.result["task"] is True


def test_time_spent_on_a_task_is_kept_by_the_old_methods(client: Any) -> None:
    number = int(client.tasks.task.add(fields={"TITLE": "Часы", "RESPONSIBLE_ID": 1}).response.result["task"]["id"])
    spent = {"SECONDS": 90, "COMMENT_TEXT": "полторы минуты"}
    item = client.task.elapseditem.add(task_id=number, arfields=spent).response.result
    read = client.task.elapseditem.get(task_id=number, item_id=item).response.result
    assert (read["TASK_ID"], read["SECONDS"], read["COMMENT_TEXT"]) == (str(number), "90", "полторы минуты")


def test_a_person_is_invited_found_and_dismissed(client: Any) -> None:
    mail = f"{unique('sdk')}@example.com"
    number = client.user.add(fields={"NAME": "Ada", "EMAIL": mail, "UF_DEPARTMENT": [1]}).response.result
    (found,) = client.user.get(filter={"ID": number}).response.result
    assert (found["EMAIL"], found["UF_DEPARTMENT"]) == (mail, [1])
    assert client.user.update(fields={"ID": number, "ACTIVE": False}).response.result is True
    assert client.user.get(filter={"ID": number}).response.result[0]["ACTIVE"] is False


def test_a_department_is_added_renamed_and_removed(client: Any) -> None:
    departments = client.department
    number = departments.add(name="Отдел", parent=1).response.result
    assert departments.update(bitrix_id=number, name="Renamed").response.result is True
    (found,) = departments.get(bitrix_id=number).response.result
    assert (found["NAME"], found["PARENT"]) == ("Renamed", "1")
    assert departments.delete(bitrix_id=number).response.result is True


def test_a_file_is_uploaded_to_the_disk_and_downloaded_as_it_was(client: Any) -> None:
    import requests

    storage = int(client.disk.storage.get_list(filter={"ENTITY_TYPE": "user"}).response.result[0]["ID"])
    name = unique("файл ") + ".txt"
    uploaded = client.disk.storage.upload_file(
        bitrix_id=storage, file_content=[name, "SGVsbG8gV29ybGQ="], data={"NAME": name}
    ).response.result
    read = client.disk.file.get(bitrix_id=int(uploaded["ID"])).response.result
    assert (read["NAME"], read["SIZE"]) == (name, "11")
    assert requests.get(read["DOWNLOAD_URL"], timeout=10).content == b"Hello World"
