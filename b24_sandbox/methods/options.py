"""`app.option.*`, `user.option.*`, `access.name`, `user.access`, `timeman.*`: small common methods.

Documentation: api-reference/common/{settings,system,users}, api-reference/timeman/base.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.entities.groups import OPTION, WORKDAY
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("")
timeman = method.of_scope("timeman")
register = method.register

_NAMES = {"AU": "Все авторизованные пользователи", "G2": "Все посетители"}


def _get_option(*, own: bool) -> Callable[[Call], Value]:
    def run(call: Call) -> Value:
        owner = call.user if own else 0
        rows = call.storage.rows(OPTION, ["NAME", "VALUE"], "USER_ID = ?", [owner])
        kept: Map = {row.text("NAME"): json.loads(row.text("VALUE")) for row in rows}
        name = php.text(call.upper_case().get("OPTION"))
        return kept.get(name, "") if name else kept

    return run


def _set_option(*, own: bool) -> Callable[[Call], Value]:
    """Add options to the stored ones. Only an administrator writes those of the application."""

    def run(call: Call) -> Value:
        if not own and not call.admin:
            raise PortalError("AccessException", "Administrator authorization required", 403)
        options = php.as_map(call.upper_case().get("OPTIONS"))
        if not options:
            raise PortalError("ArgumentNullException", "options is empty")
        storage, owner = call.storage, call.user if own else 0
        for name, value in options.items():
            text = json.dumps(value, ensure_ascii=False)
            known = storage.rows(OPTION, ["ID"], "USER_ID = ? and NAME = ?", [owner, name])
            if known:
                storage.update(OPTION, known[0].id, {"VALUE": text})
            else:
                storage.insert(OPTION, {"USER_ID": owner, "NAME": name, "VALUE": text})
        return True

    return run


@method("access.name")
def _access_names(call: Call) -> Value:
    """The names of access codes: users, departments, all users. Unknown codes are dropped."""
    shown: Map = {}
    for code in map(php.text, php.as_list(call.upper_case().get("ACCESS"))):
        name, provider = _NAMES.get(code, ""), ""
        number = php.integer(code.lstrip("UDR"))
        if code.startswith("U") and (person := call.storage.row(USER, number)):
            name, provider = f"{person['NAME']} {person['LAST_NAME']}", "Пользователь"
        elif code.startswith("D") and (department := call.storage.row(DEPARTMENT, number)):
            name, provider = department.text("NAME"), "Отдел"
        if name:
            kind = {"Пользователь": "user", "Отдел": "intranet"}.get(provider, "other")
            shown[code] = {"provider": provider, "name": name, "provider_id": kind}
    return shown


@method("user.access")
def _access(call: Call) -> Value:
    codes = {php.text(code) for code in php.as_list(call.upper_case().get("ACCESS"))}
    return call.admin or bool(codes & {"AU", "G2", f"U{call.user}"})


def _whose(call: Call) -> int:
    sent = call.upper_case().get("USER_ID")
    user = php.integer(sent) if sent is not None else call.user
    if call.storage.row(USER, user) is None:
        raise PortalError("", "User not found")
    return user


def _day(call: Call, user: int) -> Row | None:
    return call.storage.first(WORKDAY, "USER_ID = ?", [user], "ID desc")


def _span(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _seconds(moment: Value) -> float:
    return datetime.fromisoformat(php.text(moment)).timestamp()


def _leaks(call: Call, day: Row) -> float:
    paused = call.now - _seconds(day["LAST_PAUSE"]) if day["LAST_PAUSE"] else 0
    return day.integer("LEAKS") + paused


def _shown_day(call: Call, day: Row | None) -> Map:
    if day is None:
        nothing = "00:00:00"
        return shape("options.workday", status="CLOSED", closed=True, duration=nothing, leaks=nothing)
    status, leaks = php.text(day["STATUS"]), _leaks(call, day)
    if status == "OPENED" and dates.iso(call.now)[:10] != day.text("TIME_START")[:10]:
        status = "EXPIRED"
    duration = _seconds(day["TIME_FINISH"]) - _seconds(day["TIME_START"]) - leaks if day["TIME_FINISH"] else 0
    spans: Map = {"duration": _span(duration), "leaks": _span(leaks)}
    return shape("options.workday", {**day, **spans}, status=status, closed=status == "CLOSED")


@timeman("timeman.status")
def _status(call: Call) -> Value:
    return _shown_day(call, _day(call, _whose(call)))


def _moment(call: Call, words: str) -> str:
    """`TIME` or the current time. A time on another day is refused."""
    sent = php.text(call.upper_case().get("TIME"))
    moment = dates.stored_moment(sent, call.now) if sent else dates.iso(call.now)
    if moment is None or moment[:10] != dates.iso(call.now)[:10]:
        raise PortalError("WRONG_DATETIME", words)
    return moment


@timeman("timeman.open")
def _open(call: Call) -> Value:
    """Start a new day, or continue today's paused or closed one."""
    user, storage = _whose(call), call.storage
    moment = _moment(call, "Day open date should correspond to the current date")
    day = _day(call, user)
    if day is not None and day.text("TIME_START")[:10] == moment[:10]:
        if day["STATUS"] != "OPENED":
            since = day["LAST_PAUSE"] or day["TIME_FINISH"]
            leaks = day.integer("LEAKS") + int(call.now - _seconds(since))
            going: Map = {"STATUS": "OPENED", "TIME_FINISH": None, "LAST_PAUSE": None, "LEAKS": leaks}
            storage.update(WORKDAY, day.id, going)
    else:
        storage.insert(WORKDAY, {"USER_ID": user, "STATUS": "OPENED", "TIME_START": moment, "LEAKS": 0})
    return _shown_day(call, _day(call, user))


@timeman("timeman.pause")
def _pause(call: Call) -> Value:
    user = _whose(call)
    day = _day(call, user)
    if day is not None and day["STATUS"] != "PAUSED":
        paused: Map = {"STATUS": "PAUSED", "TIME_FINISH": None, "LAST_PAUSE": dates.iso(call.now)}
        call.storage.update(WORKDAY, day.id, paused)
    return _shown_day(call, _day(call, user))


@timeman("timeman.close")
def _close(call: Call) -> Value:
    user = _whose(call)
    moment = _moment(call, "Day close date should correspond to the day open date")
    day = _day(call, user)
    if day is not None and day["STATUS"] != "CLOSED":
        leaks = int(_leaks(call, day))
        closed: Map = {"STATUS": "CLOSED", "TIME_FINISH": moment, "LAST_PAUSE": None, "LEAKS": leaks}
        call.storage.update(WORKDAY, day.id, closed)
    return _shown_day(call, _day(call, user))


@timeman("timeman.settings")
def _settings(call: Call) -> Value:
    _whose(call)
    return shape("options.workday_settings", admin=call.admin)


for _prefix, _own in (("app.option", False), ("user.option", True)):
    method.add(f"{_prefix}.get", _get_option(own=_own), app_context=True)
    method.add(f"{_prefix}.set", _set_option(own=_own), app_context=True)
