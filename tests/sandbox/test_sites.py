"""Lists of sites, agreements of users, signed documents: sections that are empty at first."""

from __future__ import annotations

import pytest

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller


async def test_a_portal_has_templates_and_roles_but_no_sites(call: Caller) -> None:
    for empty in ("landing.landing.getList", "landing.site.getList", "landing.demos.getList"):
        assert await call.result(empty, {"params": {"select": ["ID"]}}) == []
    sent = {"params": {"select": ["ID", "XML_ID"], "filter": {"ACTIVE": "Y"}, "order": {"ID": "DESC"}}}
    assert await call.result("landing.template.getlist", sent) == [
        {"ID": "2", "XML_ID": "sidebar_left"},
        {"ID": "1", "XML_ID": "header_footer"},
    ]
    only = {"params": {"filter": {"XML_ID": "sidebar_left"}}}
    assert [row["ID"] for row in await call.result("landing.template.getlist", only)] == ["2"]
    assert [role["XML_ID"] for role in await call.result("landing.role.getList")] == ["ADMIN", "MANAGER"]
    assert await call.result("landing.role.isEnabled") is True


async def test_blocks_are_grouped_by_section(call: Caller) -> None:
    sections = await call.result("landing.block.getrepository")
    for code, section in sections.items():
        assert await call.result("landing.block.getrepository", {"section": code}) == section
        assert all(code in block["section"] for block in section["items"].values())
    assert await call.result("landing.block.getrepository", {"section": "nowhere"}) is False


async def test_a_consent_refers_to_an_agreement(write: Caller) -> None:
    agreement = (await write.result("userconsent.agreement.list"))[0]["ID"]
    assert set(await write.result("userconsent.agreement.text", {"id": agreement})) == {"LABEL", "TEXT"}
    assert await write.result("userconsent.consent.add", {"AGREEMENT_ID": agreement, "IP": "127.0.0.1"}) > 0


@pytest.mark.parametrize(
    "sent", [{}, {"AGREEMENT_ID": 999, "IP": "127.0.0.1"}, {"AGREEMENT_ID": 1, "IP": "127.0.0"}, {"AGREEMENT_ID": 1}]
)
async def test_a_consent_without_an_agreement_or_an_address_is_refused(call: Caller, sent: dict[str, object]) -> None:
    _, answer = await call.refused("userconsent.consent.add", sent)
    assert answer["error"] == "ERROR_ARGUMENT"


async def test_nothing_is_signed_and_no_process_exists(call: Caller) -> None:
    app = AsApplication(call)
    for method in ("sign.b2e.mysafe.tail", "sign.b2e.personal.tail"):
        assert await app.result(method) == []
        status, answer = await call.refused(method)
        assert (status, answer["error"]) == (401, "WRONG_AUTH_TYPE")
    answer = await call("rpa.type.list")
    assert (answer["result"], answer["total"]) == ({"types": []}, 0)
