"""Every method of the sandbox answers and refuses as its documented facts say."""

from __future__ import annotations

from itertools import groupby

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.v3 import RestV3
from tests.sandbox import contract
from tests.sandbox.conftest import http
from tests.sandbox.contract_comparison import differences

REQUESTS = contract.requests()
FAMILIES = {name: list(members) for name, members in groupby(REQUESTS, lambda request: request.family)}
FACTS = contract.facts()
EXEMPTIONS = contract.exemptions()


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_family_agrees_with_its_documented_facts(own: Sandbox, family: str) -> None:
    async with http(own) as client:
        play = contract.Play(own, client, FACTS)
        for request in FAMILIES[family]:
            await play.check(request)
    wrong = [found for found in play.found if not any(line.covers(found) for line in EXEMPTIONS)]
    assert wrong == []
    methods = {request.method for request in FAMILIES[family]}
    version = FAMILIES[family][0].version
    unused = [
        line
        for line in EXEMPTIONS
        if line.version == version
        and any(line.about(method) for method in methods)
        and not any(line.covers(found) for found in play.found)
    ]
    expected = {key: names for key, names in contract.events().items() if key[1] == version and key[0] in methods}
    assert play.events == expected
    assert unused == [], "nothing needs these lines of contract_exceptions.tsv any more"


def test_every_method_has_a_request_or_is_listed_without_one(shared: Sandbox) -> None:
    """The list is for methods that no request can satisfy. A method with a request leaves the list."""
    played = {(method.name.lower(), "v2") for method in shared.portal.registry.methods()}
    played |= {(method.name.lower(), "v3") for method in RestV3(shared.portal).service.methods}
    requested, unasked = {request.key for request in REQUESTS}, contract.without_request()
    assert requested | unasked == played
    assert requested & unasked == set()


def test_every_event_is_documented() -> None:
    named = set().union(*contract.events().values())
    assert named - contract.documented_events() == {"ONAPPTEST"}  # described with event.test, it has no page


def test_every_exception_names_a_method_that_is_played() -> None:
    lost = [line for line in EXEMPTIONS if not any(line.about(request.method) for request in REQUESTS)]
    assert lost == []


@pytest.mark.parametrize("method", ["crm.deal.list", "crm.item.list", "tasks.task.list", "disk.storage.getlist"])
def test_the_comparison_reports_a_wrong_page(method: str) -> None:
    known = FACTS[method, "v2"]
    rows: list[object] = [{}] * 50
    result = {known.result.list_key: rows} if known.result.list_key else rows
    good: dict[str, object] = {"result": result, "total": 70, "next": 50}
    assert list(differences(known, good, result)) == []
    for wrong in ({**good, "total": "70"}, {**good, "next": None}, {**good, "total": 49}, {**good, "total": 50}):
        assert list(differences(known, wrong, result)) != []
    assert [aspect for aspect, _ in differences(known, good, "rows")] == ["kind"]
