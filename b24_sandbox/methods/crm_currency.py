"""`crm.currency.*`: currencies identified by their code, with texts in several languages.

Documentation: api-reference/crm/currency.
"""

from __future__ import annotations

from b24_sandbox import dates, errors, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_catalog import CURRENCY
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.crm_classic import array, describe, sent_fields
from b24_sandbox.methods.plain import described
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text
from b24_sandbox.shapes import shape

method = MethodTable("crm")
register = method.register

_SHOWN = tuple(field.name for field in CURRENCY.columns if field.name not in ("ID", "LANG"))
_LANGUAGE = "ru"
_TEXTS = ("FORMAT_STRING", "FULL_NAME", "DEC_POINT", "THOUSANDS_SEP", "DECIMALS", "THOUSANDS_VARIANT", "HIDE_ZERO")


def _row(call: Call, code: str) -> Row | None:
    return call.storage.first(CURRENCY, "CURRENCY = ?", [code.upper()])


def _code(call: Call) -> str:
    code = php.text(call.classic("id"))
    if not code:
        raise PortalError("", "The parameter id is invalid or not defined.")
    return code


def _one(call: Call) -> Row:
    row = _row(call, _code(call))
    if row is None:
        raise errors.not_found()
    return row


def _shown(row: Map) -> Map:
    shown: Map = {name: None if row[name] is None else php.text(row[name]) for name in _SHOWN}
    return {**shown, "AMOUNT": f"{values.number(row['AMOUNT']):.4f}"}


def _localizations(row: Map) -> Map:
    kept = php.as_map(values.decoded(row["LANG"]))
    if kept:
        return kept
    own = {name: None if row.get(name) is None else php.text(row[name]) for name in _TEXTS}
    return {_LANGUAGE: {**own, "THOUSANDS_VARIANT": "B", "HIDE_ZERO": "Y"}}


@method("crm.currency.list")
def _list(call: Call) -> Value:
    order = array(call, "order")
    rows = call.storage.whole(CURRENCY, order="SORT, ID")
    for name, sense in reversed(list(order.items())):
        if name.upper() in _SHOWN:
            column = name.upper()
            rows.sort(key=lambda row: str(row[column]), reverse=php.text(sense).lower() == "desc")
    return RowPage([_shown(row) for row in rows], total=len(rows))


def _columns(sent: Map, call: Call) -> Map:
    columns: Map = {"DATE_UPDATE": dates.iso(call.now)}
    columns |= {name: php.integer(sent[name]) for name in ("AMOUNT_CNT", "SORT") if name in sent}
    return columns | ({"AMOUNT": values.number(sent["AMOUNT"])} if "AMOUNT" in sent else {})


def _with_texts(columns: Map, localizations: Map) -> Map:
    """The columns of a currency: localisations in their column, the portal's language in the plain columns."""
    own = php.as_map(localizations.get(_LANGUAGE) or next(iter(localizations.values()), {}))
    plain = {name: own[name] for name in _TEXTS[:5] if name in own}
    if "DECIMALS" in plain:
        plain["DECIMALS"] = php.integer(plain["DECIMALS"])
    return {**columns, **plain, "LANG": object_text(localizations)}


def _cleaned(sent: Value) -> Map:
    given = {language: php.as_map(texts) for language, texts in php.as_map(sent).items()}
    return {
        language: {name: php.text(texts[name]) for name in _TEXTS if name in texts} for language, texts in given.items()
    }


@method("crm.currency.add")
def _add(call: Call) -> Value:
    sent = sent_fields(call, True)
    code = php.text(sent.get("CURRENCY")).upper()
    for name in ("CURRENCY", "AMOUNT_CNT", "AMOUNT"):
        if sent.get(name) in (None, ""):
            raise PortalError("ERROR_CORE", f'Undefined array key "{name}"')
    if len(code) != 3 or not code.isalpha() or not code.isascii():
        raise PortalError("", "")
    if _row(call, code) is not None:
        raise PortalError("ERROR_CORE", f"Валюта {code} уже существует.<br>")
    columns = {**shape("crm.new_currency", code=code, format=f"# {code}"), **_columns(sent, call)}
    if php.is_array(sent.get("LANG")) and sent["LANG"]:
        columns = _with_texts(columns, _cleaned(sent["LANG"]))
    call.storage.insert(CURRENCY, columns)
    _announce(call, "ADD", code)
    return code


def _announce(call: Call, verb: str, code: str) -> None:
    call.portal.changes.announce(f"ONCRMCURRENCY{verb}", {"FIELDS": {"ID": code}}, call.user)


@method("crm.currency.update")
def _update(call: Call) -> Value:
    row, sent = _one(call), sent_fields(call, False)
    columns = _columns(sent, call)
    if php.is_array(sent.get("LANG")) and sent["LANG"]:
        columns = _with_texts(columns, {**_localizations(row), **_cleaned(sent["LANG"])})
    call.storage.update(CURRENCY, row.id, columns)
    _announce(call, "UPDATE", php.text(row["CURRENCY"]))
    return True


@method("crm.currency.delete")
def _delete(call: Call) -> Value:
    code = _code(call)
    if len(code) != 3:
        raise PortalError("", "")
    row = _one(call)
    if row["BASE"] == "Y":
        raise PortalError("", "Невозможно удалить базовую валюту.")
    call.storage.delete(CURRENCY, row.id)
    _announce(call, "DELETE", php.text(row["CURRENCY"]))
    return True


@method("crm.currency.fields")
def _fields(call: Call) -> Value:
    shown: Map = {name: describe(CURRENCY.fields[name]) for name in CURRENCY.fields if name not in ("ID", "LANG")}
    return {**shown, **php.as_map(described("LANG currency_localization m | Localisations\n"))}


@method("crm.currency.base.get")
def _base(call: Call) -> Value:
    row = call.storage.first(CURRENCY, "BASE = 'Y'")
    return "" if row is None else row["CURRENCY"]


@method("crm.currency.base.set")
def _set_base(call: Call) -> Value:
    chosen = _one(call)
    for row in call.storage.rows(CURRENCY, ["ID"]):
        flag = "Y" if row["ID"] == chosen["ID"] else "N"
        call.storage.update(CURRENCY, row.id, {"BASE": flag})
    call.storage.update(CURRENCY, chosen.id, {"AMOUNT": 1.0, "AMOUNT_CNT": 1})
    return True


@method("crm.currency.localizations.set")
def _set_localizations(call: Call) -> Value:
    row = _one(call)
    sent = call.classic("localizations")
    if not php.is_array(sent):
        raise PortalError("", "The parameter localizations must be array.")
    merged = {**_localizations(row), **_cleaned(sent)}
    call.storage.update(CURRENCY, row.id, _with_texts({}, merged))
    return True


@method("crm.currency.localizations.delete")
def _delete_localizations(call: Call) -> Value:
    row = _one(call)
    gone = {php.text(language) for language in php.as_list(call.classic("lids"))}
    left = {language: texts for language, texts in _localizations(row).items() if language not in gone}
    call.storage.update(CURRENCY, row.id, {"LANG": object_text(left)})
    return True


method.add("crm.currency.get", lambda call: {**_shown(row := _one(call)), "LANG": _localizations(row)})
method.add("crm.currency.localizations.get", lambda call: _localizations(_one(call)))
