"""The header of a page: scopes, who may call the method, and from where."""

from __future__ import annotations

import re

from b24_mcp.catalog.facts import Context, Who

_QUOTED = re.compile(r"^[ \t]*>[ \t]?(.*)$", re.M)
_WHO = re.compile(
    r"(?:Who can (?:execute|perform)|Permissions to execute|Кто может выполнять|Права на выполнение)[^:]*:?\s*(.*)",
    re.S,
)
_SCOPE = re.compile(r"^\s*(?:Scopes?|Скоуп)\s*:?\s*(.*)$", re.I | re.M)
_CRM_ADMIN = re.compile(
    r"(?:a )?(?:crm administrator|administrator crm)\b"
    r"|(?:any |a )?users? with (?:administrative access to the crm|crm administrator)"
    r"|администратор crm"
    r"|(?:любой )?пользовател[ьи] с (?:административным доступом к разделу crm|правами администратора crm)",
    re.I,
)
_ADMIN = re.compile(
    r"(?:portal )?administrators?|administrator with access to crm in the application context"
    r"|администратор|администратор с доступом к crm в контексте приложения",
)
_ANY = re.compile(
    r"(?:any|all) (?:authorized )?users?|(?:an )?authorized user|any user (?:when|with) [a-z ]*appli?cation[a-z ]*"
    r"|(?:любой|авторизованный|любой авторизованный) пользователь|любой пользователь при авторизации приложения",
)
_ROLES = (
    (r"\bowner\b|владелец", "owner"),
    (r"\bauthor\b|автор", "author"),
    (r"\bcreator\b|создатель|постановщик", "creator"),
    (r"registered (?:the )?(?:chat )?bot|зарегистрирова\w+ (?:чат-)?бот", "application of the bot"),
    (r"participant|участник", "participant"),
    (r"moderator|модератор", "moderator"),
    (r"\bhead\b|руководител", "head of the department"),
    (r"crm administrator|администратор crm", "CRM administrator"),
    (r"(?<!crm )administrator(?! crm)|администратор(?! crm)", "administrator"),
    (r"store manager|менеджер магазина", "store manager"),
)
_RIGHTS = (
    (r"full access|полн\w+ доступ", "full access"),
    (r"\b(?:read|view)(?:ing)?\b|чтени|просмотр|посмотреть", "read"),
    (r"\b(?:add|create|creation)\b|добавлени|создани", "create"),
    (r"\b(?:edit|modify|modification|change|update)\w*\b|изменени|редактировани|изменить", "edit"),
    (r"\b(?:delete|deletion)\b|удалени", "delete"),
    (r"\bexport\b|экспорт", "export"),
    (r"allow to modify settings|разрешить изменять настройки", "CRM settings"),
)
_LIMITS = (
    (
        r"only (?:available )?(?:on|in) (?:paid|commercial) plans|only on certain plans|using rest on paid plans"
        r"|только на (?:платных|коммерческих) тарифах",
        "paid plan",
    ),
    (r"only (?:available )?in (?:the )?on-premise|только (?:для |в )коробочн", "on-premise"),
    (r"only (?:available )?in (?:the )?cloud|только (?:для |в )облачн", "cloud"),
)
_MODULE_VERSION = re.compile(
    r"(?:starting|available) (?:from|since)[^.|\n]{0,30}version[^`*\d\n]{0,12}[`*]*"
    r"(?P<version>(?:[a-z]+ )?\d+\.\d+(?:\.\d+)?)(?![.\d]|[`*]*,? it is recommended)",
    re.I,
)
# "placement, depending on the …" in one pair of backticks.
_PROSE = re.compile(r"[a-z]+ [a-z]+ [a-z]+")
_APP = re.compile(
    r"only (?:works )?(?:in|within|when)[^.\n]{0,60}application|only in the context of [^.\n]{0,30}application"
    r"|works only (?!with bots)[^.\n]{0,60}application"
    r"|only (?:available )?(?:in|within) (?:the )?(?:application|app) context"
    r"|can only be (?:called|executed|deleted)[^.\n]{0,80}\bapplication"
    r"|(?:only|exclusively) delete[^.\n]{0,60}application"
    r"|only [^.\n]{0,40}via OAuth|requires (?:the )?application"
    r"|(?:только|исключительно) в контексте[^.\n]{0,60}приложени"
    r"|только [^.\n]{0,40}контекст[^.\n]{0,20}приложени|работает только (?!с ботами)[^.\n]{0,60}приложени",
    re.I,
)


def header_of(text: str) -> tuple[list[str], str]:
    """Return the scopes of a page and the text about who may call the method."""
    top = text.partition("\n## ")[0]
    quoted = "\n".join(_QUOTED.findall(top))
    scope = _SCOPE.search(quoted)
    who = _WHO.search(quoted)
    return scopes_of(scope[1] if scope else ""), who[1].strip() if who else ""


def scopes_of(line: str) -> list[str]:
    """Return the scope codes of a line such as "[`a`], [`b`]" or "`a, b`". `basic` is a code that is always granted."""
    if re.search(r"базов", line, re.I):
        return ["basic"]
    codes: list[str] = []
    # "(for example, `crm`)" does not belong to this method.
    for quoted in re.findall(r"`([^`]+)`", re.sub(r"\((?:e\.g|for example|например)[^)]*(?:\)[^)]*)?\)", "", line)):
        for code in re.split(r"[,/\s]+", quoted):
            if re.fullmatch(r"[a-z][a-z0-9_.]*", code) and code not in codes and not _PROSE.search(quoted):
                codes.append(code)
            elif _PROSE.search(quoted) and not codes:
                codes.append(quoted.split(",")[0].strip())
    if not codes and re.search(r"\bbasic\b", line, re.I):
        codes = ["basic"]
    return codes


def who_of(line: str) -> Who:
    """Return who may call a method, by the wording of the page."""
    said = re.sub(r"[`*\[\]]|\(\.\.[^)]*\)", "", line).strip().lower().rstrip(".")
    first = said.split("\n")[0].strip()
    if _CRM_ADMIN.match(first):
        return "crm_admin"
    if _ADMIN.fullmatch(first):
        return "admin"
    if _ANY.fullmatch(first):
        return "any"
    return "rights"


# A row of the table of errors. PROVIDER_ID limits the error to some activities.
_APP_ERROR = re.compile(r"^\|\|[^\n]*(?:WRONG_CONTEXT|Application context required)(?![^\n]*PROVIDER_ID)", re.M)
_APP_SECTION = re.compile(
    r"^(?:- )?(?:(?:The |Section )?methods(?: in this section)? (?:only work|work only) (?:with)?in the context of"
    r"|Методы(?: раздела)? работают только в контексте) (?:an |the )?\[(?:application|приложени).*$",
    re.I | re.M,
)
_EXCEPT = re.compile(r"(?:exception is|исключение)[^\[\n]{0,20}\[`*([\w.]+)", re.I)


def context_of(lead: str, text: str) -> Context:
    """Return from where a method may be called, see `MethodFacts`. `lead` is the text above the first section."""
    if _APP.search(lead) or _APP_ERROR.search(text):
        return "app"
    if "WRONG_AUTH_TYPE" in text:
        return "session" if "session authorization" in text else "app"
    return "any"


def needs_application(index: str, method: str) -> bool:
    """Whether the index of a section states that its methods, and this one too, work in applications only."""
    stated = _APP_SECTION.search(index)
    return stated is not None and method not in _EXCEPT.findall(stated[0])


def permission_of(line: str) -> str:
    """Return the right that the user needs, by the text about who may call a method: the roles, then the rights."""
    said = line.lower()
    roles = [word for pattern, word in _ROLES if re.search(pattern, said)]
    rights = [word for pattern, word in _RIGHTS if re.search(pattern, said)]
    return ", ".join([*roles, *rights])


def limits_of(lead: str) -> tuple[str, ...]:
    """Return the conditions that a portal must meet, by the text above the first section of a page."""
    found = [word for pattern, word in _LIMITS if re.search(pattern, lead, re.I)]
    if match := _MODULE_VERSION.search(lead):
        found.append(match["version"].lower())
    return tuple(found)
