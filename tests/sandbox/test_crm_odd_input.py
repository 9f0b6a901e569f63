"""Fuzzing of the CRM: every method answers every input in the portal's form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

HUGE = 10**30
ODD: tuple[Any, ...] = (
    {},
    {"id": HUGE, "entityTypeId": HUGE, "entityId": HUGE, "activityId": HUGE, "ownerTypeId": 2, "ownerId": HUGE},
    {"id": ["x"], "fields": "x", "filter": "x", "order": "x", "select": "x", "rows": "x", "items": "x", "data": "x"},
    {"id": 1, "entityTypeId": 2, "fields": ["x"], "filter": ["x"], "order": ["x"], "select": [["x"]], "rows": ["x"]},
    {"id": 1, "entityTypeId": 2, "moduleId": "crm", "field": {"entityId": ["x"], "fieldName": ["x"], "enum": "x"}},
    {
        "id": 1,
        "entityTypeId": 2,
        "fields": {"ID": HUGE, "TITLE": {"a": ["b"]}, "NAME": [1], "SORT": HUGE, "title": [1]},
    },
    {"id": 1, "preset": {"ID": 1}, "fields": {"FIELD_NAME": ["x"], "ENTITY_ID": HUGE, "ENTITY_TYPE_ID": 4, "SORT": {}}},
    {"type": ["x"], "values": [["x"]], "localizations": ["x"], "lids": [["x"]], "items": [["x"]], "id": "USD"},
    {"filter": {"ID": [HUGE], "!OWNER_ID": {"a": 1}, "%": "x", "": None}, "order": {"ID": ["x"]}, "start": HUGE},
)


@pytest.mark.parametrize("params", ODD, ids=range(len(ODD)))
async def test_odd_parameters_never_cause_an_internal_error(write: Caller, params: Any) -> None:
    names = [
        method.name
        for method in write.sandbox.portal.registry.methods()
        if method.name.startswith(("crm.", "userfieldconfig."))
    ]
    assert len(names) > 250
    broken = []
    token = write.sandbox.portal.oauth.issue().access_token
    for name in names:
        response = await write.http.post(write.base + name, json=params)
        if response.status_code == 403:  # the method is for applications
            response = await write.http.post(f"/rest/{name}?auth={token}", json=params)
        if response.status_code not in (200, 400):
            broken.append((name, response.status_code))
    assert broken == []
