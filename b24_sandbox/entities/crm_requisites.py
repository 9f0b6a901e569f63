"""Requisites, their presets and bank details, addresses, and the requisites a document uses.

Fields: documentation: api-reference/crm/requisites/**/…-fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _authored(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    if stored is None:
        values["DATE_CREATE"], values["CREATED_BY_ID"] = now, user
        values.setdefault("ACTIVE", "Y")
        values.setdefault("SORT", 500)
    else:
        values["DATE_MODIFY"], values["MODIFY_BY_ID"] = now, user


def _requisite(portal: World, values: Map, stored: Row | None, user: int) -> None:
    _authored(portal, values, stored, user)
    if stored is None:
        values.setdefault("ADDRESS_ONLY", "N")


def _bank_detail(portal: World, values: Map, stored: Row | None, user: int) -> None:
    _authored(portal, values, stored, user)
    if stored is None:
        values.setdefault("COUNTRY_ID", 1)


def _forget_requisite(portal: World, record: int) -> None:
    for entity, where in ((BANK_DETAIL, "ENTITY_ID = ?"), (ADDRESS, "ENTITY_TYPE_ID = 8 and ENTITY_ID = ?")):
        for row in portal.storage.rows(entity, ["ID"], where, [record]):
            portal.storage.delete(entity, int(str(row["ID"])))


_AUTHORSHIP = """
DATE_CREATE datetime r | Created on
DATE_MODIFY datetime r | Modified on
CREATED_BY_ID user r | Created by
MODIFY_BY_ID user r | Modified by
"""
_TEXTS = """
RQ_NAME RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_ID RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME
RQ_COMPANY_REG_DATE RQ_DIRECTOR RQ_ACCOUNTANT RQ_CEO_NAME RQ_CEO_WORK_POS RQ_CONTACT RQ_EMAIL RQ_PHONE
RQ_FAX RQ_IDENT_TYPE RQ_IDENT_DOC RQ_IDENT_DOC_SER RQ_IDENT_DOC_NUM RQ_IDENT_DOC_PERS_NUM RQ_IDENT_DOC_DATE
RQ_IDENT_DOC_ISSUED_BY RQ_IDENT_DOC_DEP_CODE RQ_INN RQ_KPP RQ_USRLE RQ_IFNS RQ_OGRN RQ_OGRNIP RQ_OKPO
RQ_OKTMO RQ_OKVED RQ_EDRPOU RQ_DRFO RQ_KBE RQ_IIN RQ_BIN RQ_ST_CERT_SER RQ_ST_CERT_NUM RQ_ST_CERT_DATE
RQ_VAT_PAYER RQ_VAT_ID RQ_VAT_CERT_SER RQ_VAT_CERT_NUM RQ_VAT_CERT_DATE RQ_RESIDENCE_COUNTRY RQ_BASE_DOC
RQ_REGON RQ_KRS RQ_PESEL RQ_LEGAL_FORM RQ_SIRET RQ_SIREN RQ_CAPITAL RQ_RCS RQ_CNPJ RQ_STATE_REG RQ_MNPL_REG
RQ_CPF
"""
_KINDS = {"RQ_VAT_PAYER": "char", "RQ_IDENT_TYPE": "crm_status:RQ_IDENT_TYPE_CO"}
_BANK_TEXTS = """
RQ_BANK_NAME RQ_BANK_ADDR RQ_BANK_CODE RQ_AGENCY_NAME RQ_BANK_ROUTE_NUM RQ_BIK RQ_MFO RQ_ACC_NAME RQ_ACC_NUM
RQ_ACC_TYPE RQ_IIK RQ_ACC_CURRENCY RQ_COR_ACC_NUM RQ_IBAN RQ_SWIFT RQ_BIC RQ_CODEB RQ_CODEG RQ_RIB
"""


def _lines(names: str) -> str:
    """Lines of a table of fields for plain texts."""
    return "\n".join(f"{name} {_KINDS.get(name, 'string')} | {name}" for name in names.split())


REQUISITE = Entity(
    "crm_requisite",
    parse_fields(f"""
ID integer r | ID
ENTITY_TYPE_ID integer qi | Entity type ID
ENTITY_ID integer qi | Entity ID
PRESET_ID integer qi | Preset ID
{_AUTHORSHIP}
NAME string | Name
CODE string | Code
XML_ID string | External code
ORIGINATOR_ID string | ORIGINATOR_ID
ACTIVE char | Active
ADDRESS_ONLY char | ADDRESS_ONLY
SORT integer | Sorting
{_lines(_TEXTS)}
"""),
    _requisite,
    indexes=("ENTITY_ID",),
    user_fields="CRM_REQUISITE",
    cascade=_forget_requisite,
)

BANK_DETAIL = Entity(
    "crm_bank_detail",
    parse_fields(f"""
ID integer r | ID
ENTITY_ID integer qi | Object ID
COUNTRY_ID integer | Country ID
{_AUTHORSHIP}
NAME string | Name
CODE string | Code
XML_ID string | External code
ACTIVE char | Active
SORT integer | Sorting
{_lines(_BANK_TEXTS)}
COMMENTS string | Comment
ORIGINATOR_ID string | External source
"""),
    _bank_detail,
    indexes=("ENTITY_ID",),
)

PRESET = Entity(
    "crm_preset",
    parse_fields(f"""
ID integer r | ID
ENTITY_TYPE_ID integer qi | Entity type ID
COUNTRY_ID integer qi | Country ID
NAME string q | Name
{_AUTHORSHIP}
ACTIVE char | Active
SORT integer | Sorting
XML_ID string | External code
"""),
    _authored,
)

PRESET_FIELD = Entity(
    "crm_preset_field",
    parse_fields("""
ID integer r | ID
FIELD_NAME string q | Name
FIELD_TITLE string | Name in the preset
SORT integer | Sorting
IN_SHORT_LIST char | Shown in the short list
PRESET_ID integer h | Preset
"""),
    indexes=("PRESET_ID",),
)

ADDRESS = Entity(
    "crm_address",
    parse_fields("""
ID integer rh | ID
TYPE_ID integer qi | TYPE_ID
ENTITY_TYPE_ID integer qi | ENTITY_TYPE_ID
ENTITY_ID integer qi | ENTITY_ID
ADDRESS_1 string | Street, building
ADDRESS_2 string | Apartment, office
CITY string | City
POSTAL_CODE string | Postal code
REGION string | District
PROVINCE string | Region
COUNTRY string | Country
COUNTRY_CODE string | COUNTRY_CODE
LOC_ADDR_ID integer | Location address ID
ANCHOR_TYPE_ID integer r | ANCHOR_TYPE_ID
ANCHOR_ID integer r | ANCHOR_ID
"""),
    indexes=("ENTITY_ID",),
)

REQUISITE_LINK = Entity(
    "crm_requisite_link",
    parse_fields("""
ID integer rh | ID
ENTITY_TYPE_ID integer qi | Object type ID
ENTITY_ID integer qi | Object ID
REQUISITE_ID integer q | Requisite
BANK_DETAIL_ID integer q | Bank details
MC_REQUISITE_ID integer q | Requisite of my company
MC_BANK_DETAIL_ID integer q | Bank details of my company
"""),
    indexes=("ENTITY_ID",),
)

PRESETS = (
    (1, "Организация", "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#"),
    (2, "Индивидуальный предприниматель", "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#"),
    (3, "Физическое лицо", "#CRM_REQUISITE_PRESET_DEF_RU_PERSON#"),
)
"""The presets of a new portal: id, name, external key."""
PRESET_FIELDS = {
    1: ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_INN", "RQ_KPP", "RQ_OGRN", "RQ_DIRECTOR", "RQ_ACCOUNTANT"),
    2: ("RQ_LAST_NAME", "RQ_FIRST_NAME", "RQ_SECOND_NAME", "RQ_INN", "RQ_OGRNIP"),
    3: ("RQ_LAST_NAME", "RQ_FIRST_NAME", "RQ_SECOND_NAME", "RQ_INN"),
}
COUNTRIES = (
    (1, "RU", "Россия"),
    (4, "BY", "Беларусь"),
    (6, "KZ", "Казахстан"),
    (14, "UA", "Украина"),
    (34, "BR", "Бразилия"),
    (46, "DE", "Германия"),
    (77, "CO", "Колумбия"),
    (110, "PL", "Польша"),
    (122, "US", "США"),
    (132, "FR", "Франция"),
)
"""The countries of presets: id, code, name."""
