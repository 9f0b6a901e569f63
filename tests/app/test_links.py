"""Links to the pages of a portal, compared with the patterns that the documentation and the product show."""

from __future__ import annotations

import pytest

from b24_mcp.app.answers.forms import batch_form, call_form
from b24_mcp.app.links import link_of, list_link, record_link, with_link, with_links
from b24_mcp.catalog.tables import read_table
from b24_mcp.rest import Answer, BatchAnswer, Succeeded, plan_batch, plan_call

PORTAL = "https://example.bitrix24.com"


@pytest.mark.parametrize(
    ("method", "params", "result", "path"),
    [
        ("crm.deal.get", {"id": 17}, {"ID": "17", "TITLE": "x"}, "/crm/deal/details/17/"),
        ("crm.deal.add", {"fields": {"TITLE": "x", "COMPANY_ID": 3}}, 17, "/crm/deal/details/17/"),
        ("crm.deal.update", {"id": 17, "fields": {"TITLE": "x"}}, True, "/crm/deal/details/17/"),
        ("crm.lead.get", {"ID": "12"}, {"ID": "12"}, "/crm/lead/details/12/"),
        ("crm.contact.add", {"fields": {}}, "2", "/crm/contact/details/2/"),
        ("crm.company.get", {"id": 7}, {"ID": "7"}, "/crm/company/details/7/"),
        ("crm.quote.get", {"id": 7}, {"ID": "7"}, "/crm/type/7/details/7/"),
        ("crm.item.get", {"entityTypeId": 128, "id": 3}, {"item": {"id": 3}}, "/crm/type/128/details/3/"),
        ("crm.item.add", {"entityTypeId": "31", "fields": {}}, {"item": {"id": 5}}, "/crm/type/31/details/5/"),
        ("crm.item.update", {"entityTypeId": 2, "id": 5}, {"item": {"id": 5}}, "/crm/deal/details/5/"),
        ("crm.item.get", {"entityTypeId": 3, "id": 5}, {"item": {"id": 5}}, "/crm/contact/details/5/"),
        (
            "tasks.task.add",
            {"fields": {"TITLE": "x"}},
            {"task": {"id": "8017", "responsibleId": "503", "groupId": "0"}},
            "/company/personal/user/503/tasks/task/view/8017/",
        ),
        (
            "tasks.task.get",
            {"taskId": 9},
            {"task": {"id": "9", "responsibleId": "1", "groupId": "3"}},
            "/workgroups/group/3/tasks/task/view/9/",
        ),
        ("tasks.task.get", {"taskId": 9}, {"task": {"id": "9"}}, "/company/personal/user/0/tasks/task/view/9/"),
        ("user.current", {}, {"ID": "7"}, "/company/personal/user/7/"),
        ("sonet_group.create", {"NAME": "x"}, 4, "/workgroups/group/4/"),
        (
            "calendar.event.add",
            {"type": "user", "ownerId": 3, "name": "x"},
            15,
            "/company/personal/user/3/calendar/?EVENT_ID=15",
        ),
        (
            "calendar.event.getbyid",
            {"id": 15},
            {"ID": "15", "CAL_TYPE": "group", "OWNER_ID": "4"},
            "/workgroups/group/4/calendar/?EVENT_ID=15",
        ),
        (
            "calendar.event.getbyid",
            {"id": 15},
            {"ID": "15", "CAL_TYPE": "company_calendar", "OWNER_ID": "0"},
            "/calendar/?EVENT_ID=15",
        ),
        (
            "disk.file.get",
            {"id": 1},
            {"ID": "1", "DETAIL_URL": f"{PORTAL}/company/personal/user/1/disk/file/Klaus Weber.pdf"},
            "/company/personal/user/1/disk/file/Klaus%20Weber.pdf",
        ),
        ("im.chat.add", {"USERS": [1, 2]}, 5, "/online/?IM_DIALOG=chat5"),
        ("im.dialog.get", {"DIALOG_ID": "chat5"}, {"id": 5, "dialog_id": "chat5"}, "/online/?IM_DIALOG=chat5"),
        ("catalog.product.get", {"id": 1}, {"product": {"id": 1, "iblockId": 24}}, "/crm/catalog/24/product/1/"),
    ],
)
def test_one_record_has_its_whole_link(method: str, params: object, result: object, path: str) -> None:
    assert link_of(PORTAL, method, params, result) == PORTAL + path


@pytest.mark.parametrize(
    ("method", "params", "result", "path"),
    [
        ("crm.deal.list", {}, [{"ID": "1", "TITLE": "x"}], "/crm/deal/details/{ID}/"),
        ("crm.item.list", {"entityTypeId": 1030}, {"items": [{"id": 1}]}, "/crm/type/1030/details/{id}/"),
        ("crm.item.list", {"entityTypeId": 4}, {"items": [{"id": 1}]}, "/crm/company/details/{id}/"),
        (
            "tasks.task.list",
            {},
            {"tasks": [{"id": "1", "responsibleId": "2", "groupId": "3"}, {"id": "2", "responsibleId": "2"}]},
            "/company/personal/user/{responsibleId}/tasks/task/view/{id}/",
        ),
        (
            "tasks.task.list",
            {"filter": {"GROUP_ID": 3}},
            {"tasks": [{"id": "1", "groupId": "3"}]},
            "/workgroups/group/{groupId}/tasks/task/view/{id}/",
        ),
        ("user.get", {}, [{"ID": "7"}], "/company/personal/user/{ID}/"),
        ("sonet_group.get", {}, [{"ID": "7"}], "/workgroups/group/{ID}/"),
        ("im.recent.list", {}, {"items": [{"id": "chat5"}, {"id": 7}]}, "/online/?IM_DIALOG={id}"),
        ("im.search.chat.list", {"FIND": "x"}, [{"id": 5}], "/online/?IM_DIALOG=chat{id}"),
    ],
)
def test_a_list_has_one_link_with_names_of_columns(method: str, params: object, result: object, path: str) -> None:
    assert list_link(PORTAL, method, params, result) == PORTAL + path


def test_files_in_a_list_hold_their_addresses_themselves() -> None:
    rows = [{"ID": "1", "DETAIL_URL": f"{PORTAL}/docs/file/a.txt"}]
    assert list_link(PORTAL, "disk.folder.getchildren", {"id": 1}, rows) == "{DETAIL_URL}"


@pytest.mark.parametrize(
    ("method", "params", "result"),
    [
        ("crm.deal.delete", {"id": 17}, True),
        ("crm.deal.fields", {}, {"ID": {"type": "integer"}}),
        ("crm.deal.list", {}, []),
        ("crm.deal.list", {}, [{"TITLE": "without an id"}]),
        ("crm.deal.userfield.add", {"fields": {}}, 5),
        ("crm.status.list", {}, [{"ID": "1"}]),
        ("tasks.task.getFields", {}, {"fields": {"ID": {"title": "ID"}}}),
        ("crm.deal.get", {"id": 17}, {"ID": "17/../../rest/1/code"}),
        ("crm.deal.update", {"id": "javascript:alert(1)"}, True),
        ("disk.file.get", {"id": 1}, {"ID": "1", "DETAIL_URL": "javascript:alert(1)"}),
        ("disk.file.get", {"id": 1}, {"ID": "1", "DETAIL_URL": "https://evil.example?x=/docs/"}),
        ("crm.deal.get", {"id": {"a": 1}}, None),
    ],
)
def test_what_has_no_page_or_no_plain_id_has_no_link(method: str, params: object, result: object) -> None:
    assert link_of(PORTAL, method, params, result) in (None, f"{PORTAL}/crm/deal/details/17/")
    assert "rest" not in str(link_of(PORTAL, method, params, result))
    assert "javascript" not in str(link_of(PORTAL, method, params, result))
    assert "evil" not in str(link_of(PORTAL, method, params, result))
    assert list_link(PORTAL, method, params, result) is None


def test_the_address_of_a_file_leads_to_the_portal_and_nowhere_else() -> None:
    record = {"ID": "1", "DETAIL_URL": "https://evil.example/docs/file/a.txt"}
    assert link_of(PORTAL, "disk.file.get", {"id": 1}, record) == f"{PORTAL}/docs/file/a.txt"


def test_records_have_links_by_their_kind() -> None:
    assert record_link(PORTAL, "dynamic:1030", {"id": 5}) == f"{PORTAL}/crm/type/1030/details/5/"
    assert record_link(PORTAL, "task", {"id": 5, "GROUP_ID": 2}) == f"{PORTAL}/workgroups/group/2/tasks/task/view/5/"
    assert record_link(PORTAL, "requisite", {"id": 5}) is None


def test_every_line_of_the_data_names_its_source() -> None:
    for row in read_table("links"):
        assert row["source"], row
        assert row["link"].startswith(("/", "{detailUrl}", "calType=")), row


def test_the_link_of_a_call_comes_before_its_result() -> None:
    planned = plan_call("crm.deal.get", {"id": 17})
    form = with_link(call_form(answer := Answer("crm.deal.get", {"ID": "17"})), PORTAL, planned, answer)
    assert form["link"] == f"{PORTAL}/crm/deal/details/17/"
    assert list(form).index("link") < list(form).index("result")


@pytest.mark.parametrize("count", [2, 300])
def test_the_links_of_a_batch_stay_short(count: int) -> None:
    commands = plan_batch(
        {f"c{n}": {"method": "crm.deal.add", "params": {"fields": {}}} for n in range(count)}
    ).commands
    answers = {call.name: Answer(call.method, 100 + n) for n, call in enumerate(commands)}
    answer = BatchAnswer({name: Succeeded(one) for name, one in answers.items()}, 1)
    form = with_links(batch_form(answer, commands), PORTAL, [(call, answers[call.name]) for call in commands])
    if count == 2:
        assert form["links"] == {"c0": f"{PORTAL}/crm/deal/details/100/", "c1": f"{PORTAL}/crm/deal/details/101/"}
    else:
        assert form["links"] == {"crm.deal.add": f"{PORTAL}/crm/deal/details/{{result}}/"}
