"""Calendars: dates in the regional form, entries for guests, errors without a code."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller

EVENT = {
    "type": "user",
    "ownerId": 1,
    "name": "Планёрка",
    "from": "2026-03-02T10:00:00+03:00",
    "to": "2026-03-02T11:30:00+03:00",
}
FREE_DAY = {"from": "2026-06-02T10:00:00+03:00", "to": "2026-06-02T11:30:00+03:00"}
"""A time at which nobody in the company has an event."""


async def test_the_error_for_a_missing_parameter_names_it_and_has_no_code(call: Caller) -> None:
    status, answer = await call.refused("calendar.event.add", {"type": "user", "ownerId": 1})
    assert (status, answer["error"], answer["error_description"]) == (
        400,
        "",
        'The required parameter "name" for the method "calendar.event.add" is not set',
    )
    _, answer = await call.refused("calendar.event.get", {})
    assert answer["error_description"] == 'The required parameter "type" for the method "calendar.event.get" is not set'


async def test_an_event_shows_dates_in_the_regional_form(write: Caller) -> None:
    event = await write.result("calendar.event.add", EVENT)
    shown = await write.result("calendar.event.getbyid", {"id": event})
    assert (shown["ID"], shown["PARENT_ID"], shown["OWNER_ID"]) == (str(event), str(event), "1")
    assert (shown["DATE_FROM"], shown["DATE_TO"]) == ("02.03.2026 10:00:00", "02.03.2026 11:30:00")
    assert (shown["DATE_FROM_TS_UTC"], shown["DT_LENGTH"], shown["IS_MEETING"]) == ("1772434800", 5400, False)
    (section,) = await write.result("calendar.section.get", {"type": "user", "ownerId": 1})
    assert shown["SECT_ID"] == section["ID"]


async def test_events_are_listed_by_period_and_nearest_first(write: Caller) -> None:
    await write.result("calendar.event.add", {**EVENT, **FREE_DAY})
    later = {**EVENT, "name": "Отчёт", "from": "2026-06-20T10:00:00+03:00", "to": "2026-06-20T11:00:00+03:00"}
    await write.result("calendar.event.add", later)
    soon = {**EVENT, "name": "Сейчас", "from": "2026-03-01T12:01:00+03:00", "to": "2026-03-01T12:02:00+03:00"}
    await write.result("calendar.event.add", soon)
    period = {"type": "user", "ownerId": 1, "from": "2026-06-01", "to": "2026-06-02"}
    assert [row["NAME"] for row in await write.result("calendar.event.get", period)] == ["Планёрка"]
    nearest = await write.result("calendar.event.get.nearest", {"maxEventsCount": 3})
    assert "Сейчас" in [row["NAME"] for row in nearest]
    begins = [int(row["DATE_FROM_TS_UTC"]) for row in nearest]
    assert (len(begins), begins) == (3, sorted(begins))
    assert await write.result("calendar.event.get", {**period, "section": [77]}) == []


async def test_guests_have_the_event_and_can_answer_the_invitation(write: Caller) -> None:
    event = await write.result("calendar.event.add", {**EVENT, **FREE_DAY, "ownerId": 3, "attendees": [1, 5]})
    shown = await write.result("calendar.event.getbyid", {"id": event})
    guests = {row["id"]: row["status"] for row in shown["ATTENDEE_LIST"]}
    assert guests == {3: "H", 1: "Q", 5: "Q"}
    assert await write.result("calendar.meeting.status.set", {"eventId": event, "status": "Y"}) is True
    assert await write.result("calendar.meeting.status.get", {"eventId": event}) == "Y"
    period = {"type": "user", "from": "2026-06-01", "to": "2026-06-30"}
    mine = await write.result("calendar.event.get", {**period, "ownerId": 1})
    assert [row["PARENT_ID"] for row in mine] == [str(event)]
    await write.result("calendar.event.update", {"id": event, "type": "user", "ownerId": 1, "attendees": [1]})
    assert await write.result("calendar.event.get", {**period, "ownerId": 5}) == []
    assert await write.result("calendar.event.delete", {"id": event}) is True
    assert await write.result("calendar.event.get", {**period, "ownerId": 1}) == []


async def test_the_host_of_a_meeting_has_accepted_it(write: Caller) -> None:
    event = await write.result("calendar.event.add", {**EVENT, "attendees": [1, 5]})
    assert await write.result("calendar.meeting.status.get", {"eventId": event}) == "Y"


async def test_accessibility_lists_busy_times_by_user(write: Caller) -> None:
    await write.result("calendar.event.add", {**EVENT, **FREE_DAY})
    await write.result("calendar.event.add", {**EVENT, **FREE_DAY, "accessibility": "free"})
    asked = {"users": [1, 2], "from": "2026-06-01", "to": "2026-06-03"}
    busy = await write.result("calendar.accessibility.get", asked)
    assert [row["DATE_FROM"] for row in busy["1"]] == ["02.06.2026 10:00:00"]
    assert busy["2"] == []


async def test_calendars_are_created_updated_and_deleted_with_their_events(write: Caller) -> None:
    own = {"type": "user", "ownerId": 2}
    section = await write.result("calendar.section.add", {**own, "name": "Встречи", "color": "#9cbeee"})
    event = await write.result("calendar.event.add", {**EVENT, "ownerId": 2, "section": section})
    assert await write.result("calendar.section.update", {**own, "id": section, "name": "Поездки"}) == section
    row = next(row for row in await write.result("calendar.section.get", own) if row["ID"] == str(section))
    assert (row["ID"], row["NAME"], row["COLOR"], row["DATE_CREATE"]) == (
        str(section),
        "Поездки",
        "#9cbeee",
        "2026-03-01 12:00:00",
    )
    assert await write.result("calendar.section.delete", {**own, "id": section}) is True
    _, answer = await write.refused("calendar.event.getbyid", {"id": event})
    assert answer["error_description"] == "Event not found"
    assert (await write.result("calendar.settings.get"))["week_start"] == "MO"


BERLIN = {"type": "user", "ownerId": 1, "name": "Call", "timezone_from": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("day", "seconds", "offset"), [("2026-03-10", 1_773_133_200, "3600"), ("2026-07-10", 1_783_670_400, "7200")]
)
async def test_an_event_keeps_its_own_time_zone(write: Caller, day: str, seconds: int, offset: str) -> None:
    sent = {**BERLIN, "from": f"{day}T10:00:00", "to": f"{day} 11:00:00"}
    shown = await write.result("calendar.event.getbyid", {"id": await write.result("calendar.event.add", sent)})
    there = f"{day[8:]}.{day[5:7]}.{day[:4]}"
    assert (shown["DATE_FROM"], shown["DATE_TO"]) == (f"{there} 10:00:00", f"{there} 11:00:00")
    assert (shown["TZ_FROM"], shown["TZ_TO"]) == ("Europe/Berlin", "Europe/Berlin")
    assert (shown["DATE_FROM_TS_UTC"], shown["TZ_OFFSET_FROM"]) == (str(seconds), offset)
    listed = await write.result("calendar.event.get", {"type": "user", "ownerId": 1, "from": day, "to": day})
    assert [row["DATE_FROM"] for row in listed] == [f"{there} 10:00:00"]


async def test_an_event_with_an_offset_is_in_the_zone_of_its_author(write: Caller) -> None:
    sent = {**BERLIN, "from": "2026-03-10T10:00:00+01:00", "to": "2026-03-10T11:00:00+01:00"}
    shown = await write.result("calendar.event.getbyid", {"id": await write.result("calendar.event.add", sent)})
    assert (shown["DATE_FROM"], shown["TZ_FROM"]) == ("10.03.2026 12:00:00", "Europe/Moscow")


async def test_an_update_moves_an_event_in_its_own_zone(write: Caller) -> None:
    sent = {**BERLIN, "from": "2026-03-10 10:00:00", "to": "2026-03-10 11:00:00"}
    event = await write.result("calendar.event.add", sent)
    owner = {"id": event, "type": "user", "ownerId": 1, "name": "Call"}
    await write.result("calendar.event.update", {**owner, "from": "2026-03-11 09:00:00", "to": "2026-03-11 10:00:00"})
    shown = await write.result("calendar.event.getbyid", {"id": event})
    assert (shown["DATE_FROM"], shown["TZ_FROM"]) == ("11.03.2026 09:00:00", "Europe/Berlin")


async def test_an_unknown_time_zone_is_that_of_the_portal(write: Caller) -> None:
    sent = {**BERLIN, "timezone_from": "Nowhere/Town", "from": "2026-03-10 10:00:00", "to": "2026-03-10 11:00:00"}
    shown = await write.result("calendar.event.getbyid", {"id": await write.result("calendar.event.add", sent)})
    assert (shown["DATE_FROM"], shown["TZ_OFFSET_FROM"]) == ("10.03.2026 10:00:00", "10800")
