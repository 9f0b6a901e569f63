"""Directories of the CRM (stages, sources, types) and deal pipelines: stored records and initial values.

Shapes: documentation: api-reference/crm/status/crm-status-list and api-reference/crm/universal/category.
"""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map, Value

STATUS = Entity(
    "crm_status",
    parse_fields("""
ID integer r | ID
ENTITY_ID string qi | Entity ID
STATUS_ID string qi | Status
NAME string q | Name
NAME_INIT string r | Default name
SORT integer | Sorting
SYSTEM char r | System
CATEGORY_ID integer i | CATEGORY_ID
COLOR string | COLOR
SEMANTICS char i | SEMANTICS
"""),
    indexes=("ENTITY_ID",),
)
INVOICE_CATEGORY = 2
"""The pipeline of invoices in a new portal."""

CATEGORY = Entity(
    "crm_category",
    parse_fields("""
ID integer r | ID
NAME string | NAME
SORT integer | SORT
ENTITY_TYPE_ID integer qr | ENTITY_TYPE_ID
IS_DEFAULT char r | IS_DEFAULT
ORIGIN_ID string | ORIGIN_ID
ORIGINATOR_ID string | ORIGINATOR_ID
"""),
)

CATEGORIES: tuple[tuple[int, str, int], ...] = ((0, "Продажи", 100), (1, "Сервис и ремонт", 200))
"""The deal pipelines: id, name, sort."""

_DEAL_STAGES = (
    ("NEW", "Новая", "#39A8EF", None),
    ("PREPARATION", "Подготовка документов", "#2FC6F6", None),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", "#55D0E0", None),
    ("EXECUTING", "В работе", "#47E4C2", None),
    ("FINAL_INVOICE", "Финальный счёт", "#FFA900", None),
    ("WON", "Сделка успешна", "#7BD500", "S"),
    ("LOSE", "Сделка провалена", "#FF5752", "F"),
    ("APOLOGY", "Анализ причины провала", "#FF5752", "F"),
)
_SERVICE_STAGES = (
    ("C1:NEW", "Новая заявка", "#39A8EF", None),
    ("C1:PREPARATION", "Диагностика", "#2FC6F6", None),
    ("C1:EXECUTING", "Ремонт", "#47E4C2", None),
    ("C1:FINAL_INVOICE", "Ожидает оплаты", "#FFA900", None),
    ("C1:WON", "Выдано клиенту", "#7BD500", "S"),
    ("C1:LOSE", "Отказ", "#FF5752", "F"),
)
PIPELINE_STAGES = (
    ("NEW", "Новая", "#39A8EF", None),
    ("PREPARATION", "Подготовка документов", "#2FC6F6", None),
    ("PREPAYMENT_INVOIC", "Счёт на предоплату", "#55D0E0", None),
    ("EXECUTING", "В работе", "#47E4C2", None),
    ("FINAL_INVOICE", "Финальный счёт", "#FFA900", None),
    ("WON", "Сделка успешна", "#7BD500", "S"),
    ("LOSE", "Сделка провалена", "#FF5752", "F"),
    ("APOLOGY", "Анализ причины провала", "#FF5752", "F"),
)
"""The stages of a new pipeline of deals. Codes are cut to 17 characters before the prefix of the pipeline."""
PROCESS_STAGES = (
    ("NEW", "Начало", "#22B9FF", None),
    ("PREPARATION", "Подготовка", "#88B9FF", None),
    ("CLIENT", "Согласование", "#10E5FC", None),
    ("SUCCESS", "Успех", "#00FF00", "S"),
    ("FAIL", "Провал", "#FF0000", "F"),
)
"""The stages of a new pipeline of a smart process."""
INVOICE_STAGES = (
    ("N", "Новый", "#39A8EF", None),
    ("S", "Отправлен клиенту", "#2FC6F6", None),
    ("P", "Оплачен", "#7BD500", "S"),
    ("D", "Не оплачен", "#FF5752", "F"),
)
_QUOTE_STAGES = (
    ("DRAFT", "Черновик", "#2FC6F6", None),
    ("SENT", "Отправлено клиенту", "#55D0E0", None),
    ("APPROVED", "Принято", "#7BD500", "S"),
    ("DECLAINED", "Отклонено", "#FF5752", "F"),
)
_LEAD_STAGES = (
    ("NEW", "Не обработан", "#2FC6F6", None),
    ("IN_PROCESS", "В работе", "#4DC9F4", None),
    ("PROCESSED", "Обработан", "#92DFF8", None),
    ("CONVERTED", "Качественный лид", "#7BD500", "S"),
    ("JUNK", "Некачественный лид", "#FF5752", "F"),
)
_PLAIN: dict[str, tuple[tuple[str, str], ...]] = {
    "SOURCE": (
        ("CALL", "Звонок"),
        ("EMAIL", "Электронная почта"),
        ("WEB", "Веб-сайт"),
        ("ADVERTISING", "Реклама"),
        ("PARTNER", "Существующий клиент"),
        ("RECOMMENDATION", "По рекомендации"),
        ("TRADE_SHOW", "Выставка"),
        ("WEBFORM", "CRM-форма"),
        ("OTHER", "Другое"),
    ),
    "CONTACT_TYPE": (
        ("CLIENT", "Клиенты"),
        ("SUPPLIER", "Поставщики"),
        ("PARTNER", "Партнёры"),
        ("OTHER", "Другое"),
    ),
    "COMPANY_TYPE": (
        ("CUSTOMER", "Клиент"),
        ("SUPPLIER", "Поставщик"),
        ("COMPETITOR", "Конкурент"),
        ("PARTNER", "Партнёр"),
        ("OTHER", "Другое"),
    ),
    "EMPLOYEES": (
        ("EMPLOYEES_1", "менее 50"),
        ("EMPLOYEES_2", "50-250"),
        ("EMPLOYEES_3", "250-500"),
        ("EMPLOYEES_4", "более 500"),
    ),
    "INDUSTRY": (
        ("IT", "Информационные технологии"),
        ("TELECOM", "Телекоммуникации и связь"),
        ("MANUFACTURING", "Производство"),
        ("BANKING", "Банковские услуги"),
        ("CONSULTING", "Консалтинг"),
        ("FINANCE", "Финансы"),
        ("GOVERNMENT", "Правительство"),
        ("DELIVERY", "Доставка"),
        ("ENTERTAINMENT", "Развлечения"),
        ("NOTPROFIT", "Не для получения прибыли"),
        ("OTHER", "Другое"),
    ),
    "DEAL_TYPE": (
        ("SALE", "Продажа"),
        ("COMPLEX", "Комплексная продажа"),
        ("GOODS", "Продажа товара"),
        ("SERVICES", "Услуги"),
        ("SERVICE", "Сервисное обслуживание"),
    ),
    "HONORIFIC": (("HNR_RU_1", "г-н"), ("HNR_RU_2", "г-жа")),
    "CALL_LIST": (
        ("IN_WORK", "В работе"),
        ("SUCCESS", "Успешно"),
        ("WRONG_NUMBER", "Неверный номер"),
        ("STOP_CALLING", "Больше не звонить"),
    ),
}

ENTITY_TYPES: tuple[Map, ...] = (
    {
        "ID": "STATUS",
        "NAME": "Стадии лидов",
        "SEMANTIC_INFO": {
            "START_FIELD": "NEW",
            "FINAL_SUCCESS_FIELD": "CONVERTED",
            "FINAL_UNSUCCESS_FIELD": "JUNK",
            "FINAL_SORT": 0,
        },
        "ENTITY_TYPE_ID": 1,
    },
    {"ID": "SOURCE", "NAME": "Источники"},
    {"ID": "CONTACT_TYPE", "NAME": "Тип контакта"},
    {"ID": "COMPANY_TYPE", "NAME": "Тип компании"},
    {"ID": "EMPLOYEES", "NAME": "Кол-во сотрудников"},
    {"ID": "INDUSTRY", "NAME": "Сфера деятельности"},
    {"ID": "DEAL_TYPE", "NAME": "Тип сделки"},
    {
        "ID": "DEAL_STAGE",
        "NAME": "Стадии сделок",
        "SEMANTIC_INFO": {
            "START_FIELD": "NEW",
            "FINAL_SUCCESS_FIELD": "WON",
            "FINAL_UNSUCCESS_FIELD": "LOSE",
            "FINAL_SORT": 0,
        },
        "FIELD_ATTRIBUTE_SCOPE": "category_0",
        "ENTITY_TYPE_ID": 2,
        "CATEGORY_ID": "0",
    },
    {
        "ID": "QUOTE_STATUS",
        "NAME": "Стадии предложений",
        "SEMANTIC_INFO": {
            "START_FIELD": "DRAFT",
            "FINAL_SUCCESS_FIELD": "APPROVED",
            "FINAL_UNSUCCESS_FIELD": "DECLAINED",
            "FINAL_SORT": 0,
        },
        "ENTITY_TYPE_ID": 7,
    },
    {"ID": "HONORIFIC", "NAME": "Обращения"},
    {"ID": "CALL_LIST", "NAME": "Статусы обзвона"},
)

STATUS_COLUMNS = (
    "ENTITY_ID",
    "STATUS_ID",
    "NAME",
    "NAME_INIT",
    "SORT",
    "SYSTEM",
    "CATEGORY_ID",
    "COLOR",
    "SEMANTICS",
)


_SYSTEM = frozenset(
    ("WON", "LOSE", "CONVERTED", "JUNK", "SUCCESS", "FAIL", "APPROVED", "DECLAINED", "DT31_2:P", "DT31_2:D")
)
Stage = tuple[str, str, str, str | None]
"""Code, name, colour, semantics (`S`, `F` or empty)."""


def stage_rows(
    directory: str, stages: tuple[Stage, ...], category: int | None, prefix: str = ""
) -> list[tuple[Value, ...]]:
    """The rows of `STATUS_COLUMNS` for the stages of one directory. The first and the final ones are system stages."""
    rows: list[tuple[Value, ...]] = []
    for number, (code, name, color, semantics) in enumerate(stages, start=1):
        system = number == 1 or code.rpartition(":")[2] in _SYSTEM
        own = name if system else ""
        flag = "Y" if system else "N"
        rows.append((directory, prefix + code, name, own, number * 10, flag, category, color, semantics))
    return rows


def first_statuses() -> list[tuple[Value, ...]]:
    """The rows of `STATUS_COLUMNS` in a new portal."""
    rows: list[tuple[Value, ...]] = []
    rows.extend(stage_rows("STATUS", _LEAD_STAGES, None))
    rows.extend(stage_rows("DEAL_STAGE", _DEAL_STAGES, None))
    rows.extend(stage_rows("DEAL_STAGE_1", _SERVICE_STAGES, 1))
    rows.extend(stage_rows("QUOTE_STATUS", _QUOTE_STAGES, None))
    prefix = f"DT31_{INVOICE_CATEGORY}:"
    rows.extend(stage_rows(f"SMART_INVOICE_STAGE_{INVOICE_CATEGORY}", INVOICE_STAGES, INVOICE_CATEGORY, prefix))
    for directory, values in _PLAIN.items():
        for number, (code, name) in enumerate(values, start=1):
            rows.append((directory, code, name, "", number * 10, "N", None, None, None))
    return rows
