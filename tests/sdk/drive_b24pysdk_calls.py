"""b24pysdk, the official Python SDK: single calls, lists, batches, errors."""

from __future__ import annotations

from typing import Any

import pytest
from b24pysdk import BitrixWebhook, Client, errors
from b24pysdk.errors import oauth as oauth_errors

from tests.sdk.conftest import host, webhook_token


@pytest.fixture(scope="session")
def contacts(by_webhook: Any) -> list[int]:
    """130 contacts with one post, more than two pages, oldest first."""
    token = by_webhook.get_token()
    adding = [("crm.contact.add", {"fields": {"NAME": f"Contact {n}", "POST": "sdk-lists"}}) for n in range(130)]
    answer = token.call_batches(adding)
    return [int(number) for number in answer["result"]["result"].values()]


def test_a_call_answers_with_the_result_and_the_time_it_took(client: Any) -> None:
    answer = client.get_token().call_method("crm.deal.list", {"select": ["ID", "TITLE"], "order": {"ID": "ASC"}})
    assert set(answer["result"][0]) == {"ID", "TITLE"}
    assert answer["total"] > 50
    assert answer["next"] == 50
    assert answer["time"]["operating_reset_at"] > answer["time"]["start"]


def test_a_list_is_read_to_its_end_over_pages(client: Any, contacts: list[int]) -> None:
    answer = client.get_token().call_list("crm.contact.list", {"filter": {"POST": "sdk-lists"}, "select": ["ID"]})
    assert sorted(int(row["ID"]) for row in answer["result"]) == contacts


def test_a_list_is_cut_at_the_limit_asked_for(client: Any, contacts: list[int]) -> None:
    answer = client.get_token().call_list("crm.contact.list", {"filter": {"POST": "sdk-lists"}}, limit=60)
    assert len(answer["result"]) == 60


def test_the_fast_list_walks_by_id_in_chained_batches(client: Any, contacts: list[int]) -> None:
    answer = client.get_token().call_list_fast("crm.contact.list", {"filter": {"POST": "sdk-lists"}})
    assert [int(row["ID"]) for row in answer["result"]] == contacts


def test_the_fast_list_walks_downwards_too(client: Any, contacts: list[int]) -> None:
    answer = client.get_token().call_list_fast(
        "crm.contact.list", {"filter": {"POST": "sdk-lists"}, "select": ["ID"]}, descending=True
    )
    assert [int(row["ID"]) for row in answer["result"]] == contacts[::-1]


def test_the_fast_list_finds_items_and_their_small_ids(client: Any, contacts: list[int]) -> None:
    params = {"entityTypeId": 3, "filter": {"post": "sdk-lists"}, "select": ["id", "post"]}
    rows = list(client.get_token().call_list_fast("crm.item.list", params)["result"])
    assert [row["id"] for row in rows] == contacts
    assert rows[0]["post"] == "sdk-lists"


def test_the_fast_list_reads_tasks_and_users(client: Any) -> None:
    token = client.get_token()
    tasks = [int(row["id"]) for row in token.call_list_fast("tasks.task.list", {"select": ["ID", "TITLE"]})["result"]]
    users = [int(row["ID"]) for row in token.call_list_fast("user.get", {})["result"]]
    assert tasks == sorted(set(tasks))
    assert users == sorted(set(users))
    assert len(tasks) == token.call_method("tasks.task.list", {"select": ["ID"]})["total"]
    assert len(users) == token.call_method("user.get", {})["total"]


def test_a_batch_keeps_the_names_of_its_commands(client: Any) -> None:
    answer = client.get_token().call_batch(
        {
            "me": ("user.current", {}),
            "deals": ("crm.deal.list", {"select": ["ID"]}),
            "none": ("crm.deal.get", {"id": 0}),
        }
    )["result"]
    assert answer["result"]["me"]["ID"] == "1"
    assert len(answer["result"]["deals"]) == 50
    assert answer["result_total"]["deals"] > 50
    assert answer["result_next"]["deals"] == 50
    assert set(answer["result_error"]) == {"none"}


def test_commands_of_a_batch_take_results_of_those_before(client: Any) -> None:
    answer = client.get_token().call_batch(
        {
            "contact": ("crm.contact.add", {"fields": {"NAME": "Ada", "LAST_NAME": "Linked"}}),
            "deal": ("crm.deal.add", {"fields": {"TITLE": "Linked", "CONTACT_ID": "$result[contact]"}}),
            "read": ("crm.deal.get", {"id": "$result[deal]"}),
        },
        halt=True,
    )["result"]["result"]
    assert answer["read"]["CONTACT_ID"] == str(answer["contact"])
    assert answer["read"]["TITLE"] == "Linked"


def test_a_halted_batch_leaves_the_rest_undone(client: Any) -> None:
    commands = [("crm.deal.get", {"id": 0}), ("user.current", {})]
    answer = client.get_token().call_batch(commands, halt=True)["result"]
    assert len(answer["result"]) == 0
    assert len(answer["result_error"]) == 1


def test_more_than_fifty_commands_become_several_batches(client: Any) -> None:
    titles = [f"Батч № {n} & «кавычки»" for n in range(120)]
    token = client.get_token()
    added = token.call_batches([("crm.lead.add", {"fields": {"TITLE": title}}) for title in titles])["result"]["result"]
    numbers = [added[str(n)] for n in range(120)]
    read = token.call_batches({number: ("crm.lead.get", {"id": number}) for number in numbers})["result"]["result"]
    assert [read[str(number)]["TITLE"] for number in numbers] == titles
    deleted = token.call_batches([("crm.lead.delete", {"id": number}) for number in numbers])["result"]["result"]
    assert set(deleted.values()) == {True}


def test_requests_of_the_wrappers_go_into_one_batch(client: Any) -> None:
    batch = client.call_batch({"user": client.user.current(), "stages": client.crm.status.list()}).response.result
    assert batch.result["user"]["ID"] == "1"
    assert batch.result["stages"]


def test_a_missing_record_is_a_bad_request(client: Any) -> None:
    with pytest.raises(errors.BitrixAPIBadRequest) as raised:
        _ = client.crm.deal.get(bitrix_id=999999999).response
    assert raised.value.status_code == 400


def test_an_unknown_method_is_not_found(client: Any) -> None:
    with pytest.raises(errors.BitrixAPINotFound) as raised:
        client.get_token().call_method("crm.nonsense.list")
    assert raised.value.error == "ERROR_METHOD_NOT_FOUND"


def test_a_field_that_cannot_be_filtered_is_an_invalid_argument(client: Any) -> None:
    with pytest.raises(errors.BitrixAPIInvalidArgValue):
        _ = client.crm.type.list(filter={"nonsense": 1}).response


def test_a_wrong_secret_is_told_from_missing_credentials() -> None:
    stranger = Client(BitrixWebhook(domain=host(), webhook_token=f"{webhook_token()}INVALID"))
    with pytest.raises(errors.BitrixAPIInvalidCredentials) as raised:
        _ = stranger.profile().response
    assert raised.value.status_code == 401


def test_a_webhook_without_the_scope_is_refused() -> None:
    narrow = Client(BitrixWebhook(domain=host(), webhook_token=webhook_token("webhook_scope_user")))
    assert narrow.user.current().response.result["ID"] == "1"
    with pytest.raises(errors.BitrixAPIInsufficientScope):
        _ = narrow.crm.deal.list().response


def test_a_call_without_credentials_is_refused() -> None:
    import requests
    from b24pysdk.api.requesters._utils import parse_response

    answer = requests.post(f"https://{host()}/rest/crm.item.delete", json={"entityTypeId": 2, "id": 1}, timeout=10)
    with pytest.raises(oauth_errors.BitrixOAuthNoAuthFound):
        parse_response(answer)


def test_methods_of_applications_refuse_webhooks(by_webhook: Any) -> None:
    with pytest.raises(errors.BitrixAPIAccessDenied):
        _ = by_webhook.app.option.get(option="anything").response
    with pytest.raises(errors.BitrixAPIWrongAuthType):
        _ = by_webhook.placement.bind(placement="REST_APP_URI", handler="https://example.com/handler").response
