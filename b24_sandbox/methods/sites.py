"""`landing.*` lists, agreements of users, signed documents and process types: sections that are empty at first.

Documentation: api-reference/{landing,user-consent,sign}.
"""

from __future__ import annotations

import ipaddress
from functools import partial

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import wrong_argument
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

_CONSENTS = RecordsByCode("consent")
_TEMPLATES: tuple[Map, ...] = (
    {"ID": "1", "TITLE": "С шапкой и подвалом", "XML_ID": "header_footer", "SORT": "100", "ACTIVE": "Y"},
    {"ID": "2", "TITLE": "С сайдбаром слева", "XML_ID": "sidebar_left", "SORT": "200", "ACTIVE": "Y"},
)
_ROLES: tuple[Map, ...] = (
    {"ID": "1", "TITLE": "Администратор", "XML_ID": "ADMIN"},
    {"ID": "2", "TITLE": "Менеджер", "XML_ID": "MANAGER"},
)
_BLOCKS: Map = {
    "text": {
        "name": "Текст",
        "new": False,
        "type": None,
        "separator": False,
        "app_code": False,
        "items": {
            "27.3.one_col_fix_title": {
                "id": None,
                "name": "Заголовок",
                "namespace": "bitrix",
                "new": False,
                "type": [],
                "section": ["text", "title"],
                "description": "",
                "preview": "",
                "restricted": False,
                "repo_id": False,
                "app_code": False,
            }
        },
    }
}
_AGREEMENTS: tuple[Map, ...] = (
    {"ID": "1", "NAME": "Согласие на обработку персональных данных", "ACTIVE": "Y", "LANGUAGE_ID": "ru"},
)
_LABEL = "Нажимая кнопку, я соглашаюсь на обработку моих персональных данных"


def _chosen(rows: tuple[Map, ...], call: Call) -> list[Map]:
    """Rows by `params`: `select`, `filter` by equality and `order` by `ID`."""
    params = php.as_map(call.params.get("params"))
    found = list(rows)
    for name, wanted in php.as_map(params.get("filter")).items():
        allowed = {php.text(value) for value in php.as_list(wanted)}
        found = [row for row in found if php.text(row.get(name.lstrip("=@"))) in allowed]
    if php.text(php.as_map(params.get("order")).get("ID")).upper() == "DESC":
        found.reverse()
    names = [php.text(name) for name in php.as_list(params.get("select"))]
    if names and "*" not in names:
        found = [{name: row[name] for name in names if name in row} for row in found]
    return found


def _repository(call: Call) -> Value:
    """The blocks by section, or those of one section."""
    section = php.text(call.params.get("section"))
    return _BLOCKS.get(section, False) if section else dict(_BLOCKS)


def _agreement(call: Call, name: str) -> Map:
    sent = php.text(call.upper_case().get(name))
    if not sent:
        raise wrong_argument("Parameter `Agreement ID` required")
    found = next((row for row in _AGREEMENTS if row["ID"] == sent), None)
    if found is None:
        raise wrong_argument(f"Agreement with id `{sent}` not found")
    return found


def _agreement_text(call: Call) -> Value:
    agreement = _agreement(call, "ID")
    return {"LABEL": _LABEL, "TEXT": f"{php.text(agreement['NAME'])}\n\n{_LABEL}."}


def _consent_add(call: Call) -> Value:
    """Write that a user has agreed."""
    agreement, sent = _agreement(call, "AGREEMENT_ID"), call.upper_case()
    try:
        address = str(ipaddress.ip_address(php.text(sent.get("IP"))))
    except ValueError:
        raise wrong_argument("IP is not valid") from None
    data: Map = {name: sent.get(name) for name in ("USER_ID", "URL", "ORIGIN_ID", "ORIGINATOR_ID")}
    return _CONSENTS.add(call, php.text(agreement["ID"]), {**data, "IP": address})


def register(registry: Registry) -> None:
    """Register the methods."""
    for name, rows in (
        ("landing.landing.getList", ()),
        ("landing.site.getList", ()),
        ("landing.demos.getList", ()),
        ("landing.repo.getList", ()),
        ("landing.template.getlist", _TEMPLATES),
        ("landing.role.getList", _ROLES),
    ):
        registry.classic(name, "landing", partial(_chosen, rows))
    registry.classic("landing.role.isEnabled", "landing", lambda call: True)
    registry.classic("landing.block.getrepository", "landing", _repository)
    registry.classic("userconsent.agreement.list", "userconsent", lambda call: [dict(row) for row in _AGREEMENTS])
    registry.classic("userconsent.agreement.text", "userconsent", _agreement_text)
    registry.classic("userconsent.consent.add", "userconsent", _consent_add)
    registry.classic("rpa.type.list", "rpa", lambda call: {"types": []})
    for name in ("mysafe", "personal"):
        registry.classic(f"sign.b2e.{name}.tail", "sign.b2e", lambda call: [])
