"""Fuzzing of the methods that applications call: every input is answered in the portal's form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

HUGE = 10**30
ODD: tuple[Any, ...] = (None, "", 0, -1, HUGE, "x", ["x"], [["x"]], {"a": ["b"]}, [{"a": 1}], True, [1, HUGE])
FAMILIES = (
    "ai.",
    "bizproc.",
    "calendar.user.",
    "im.",
    "imconnector.",
    "imopenlines.",
    "landing.",
    "mailservice.",
    "messageservice.",
    "pull.",
    "telephony.",
    "timeman.",
    "userconsent.",
    "voximplant.",
)
NAMES = [
    "ID",
    "CODE",
    "NAME",
    "NUMBER",
    "HANDLER",
    "TYPE",
    "FIELDS",
    "PROPERTIES",
    "FILTER",
    "DATE",
    "LIMIT",
    "ORDER",
    "LAST_ID",
    "CHAT_ID",
    "DIALOG_ID",
    "SEARCH_TEXT",
    "SEARCH_MESSAGE",
    "SEARCH_AUTHORS",
    "SEARCH_DATE",
    "AGO",
    "RANGES",
    "IP",
    "USER_ID",
    "MONTH",
    "YEAR",
    "DEPARTMENT_ID",
    "PARAMS",
    "LINE",
    "CONNECTOR",
    "ACTIVE",
    "DATA",
    "MESSAGES",
    "CALL_ID",
    "FILENAME",
    "FILE_CONTENT",
    "PHONE_NUMBER",
    "COMMAND",
    "AGREEMENT_ID",
    "PORT",
    "settings",
    "filter",
    "limit",
    "name",
    "code",
    "category",
    "params",
    "section",
]
VALID = {"CODE": "a", "NAME": "n", "NUMBER": "1", "HANDLER": "https://example.com/", "CHAT_ID": 1, "LINE": 1}


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_odd_parameters_of_applications_never_cause_an_internal_error(write: Caller, odd: Any) -> None:
    registry, token = write.sandbox.portal.registry, write.sandbox.portal.oauth.issue().access_token
    methods = [method.name for method in registry.methods() if method.name.startswith(FAMILIES)]
    assert len(methods) > 100
    broken = []
    for name in methods:
        for sent in (dict.fromkeys(NAMES, odd), {**dict.fromkeys(NAMES, odd), **VALID}):
            response = await write.http.post(f"/rest/{name}?auth={token}", json=sent)
            if response.status_code >= 500:
                broken.append((name, response.status_code))
    assert broken == []
