"""b24pysdk with version 3 of the REST API preferred: other envelopes, other types, other errors."""

from __future__ import annotations

from typing import Any

import pytest
from b24pysdk.errors import v3 as errors


@pytest.fixture
def task(client_v3: Any) -> Any:
    """A task of this test's own; the number."""
    fields = {"title": "Version three", "creatorId": 1, "responsibleId": 1}
    number = client_v3.tasks.task.add(fields=fields).response.result["item"]["id"]
    yield number
    client_v3.tasks.task.delete(bitrix_id=number).response.to_dict()


def test_a_task_is_read_with_numbers_as_numbers(client_v3: Any, task: int) -> None:
    item = client_v3.tasks.task.get(bitrix_id=task, select=["id", "title"]).response.result["item"]
    assert item["id"] == task
    assert item["title"] == "Version three"


def test_a_task_is_changed(client_v3: Any, task: int) -> None:
    answer = client_v3.tasks.task.update(bitrix_id=task, fields={"title": "Renamed"}).response.result
    assert answer == {"result": True}
    item = client_v3.tasks.task.get(bitrix_id=task, select=["id", "title"]).response.result["item"]
    assert item["title"] == "Renamed"


def test_a_list_is_of_items_without_a_total(client_v3: Any, task: int) -> None:
    request = client_v3.tasks.task.list(filter=[["id", "=", task]], select=["id", "title"])
    answer = request.response.to_dict()
    assert [item["id"] for item in answer["result"]["items"]] == [task]
    assert answer.get("total") is None


def test_a_missing_task_is_not_found(client_v3: Any) -> None:
    with pytest.raises(errors.BitrixAPIEntityNotFoundException) as raised:
        _ = client_v3.tasks.task.get(bitrix_id=999999999, select=["id"]).response
    assert raised.value.status_code == 400


def test_a_filter_by_an_unknown_field_is_refused(client_v3: Any) -> None:
    with pytest.raises(errors.BitrixAPIBadRequest) as raised:
        _ = client_v3.tasks.task.list(filter=[["nonsense", "=", 1]], select=["id"]).response
    assert "nonsense" in str(raised.value)


def test_methods_of_version_2_are_still_called_the_old_way(client_v3: Any) -> None:
    answer = client_v3.get_token().call_method("crm.deal.list", {"select": ["ID"]}, prefer_version=3)
    assert len(answer["result"]) == 50


def test_fields_of_a_task_describe_themselves(client_v3: Any) -> None:
    items = client_v3.tasks.task.field.list(select=["name", "type"]).response.result["items"]
    assert {"id", "title", "responsibleId"} <= {item["name"] for item in items}
