"""What calendars decide: required parameters, whose calendar an event is in, what is deleted together."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller

TIMES = {"from": "2026-03-05T10:00:00+03:00", "to": "2026-03-05T11:00:00+03:00"}
EVENT = {"type": "user", "ownerId": 1, "name": "Встреча", **TIMES}
WRONG_SECTION = "You specified an invalid calendar section ID or the user does not have access to it"


async def _section(write: Caller, owner: int = 1) -> int:
    return int(await write.result("calendar.section.add", {"type": "user", "ownerId": owner, "name": "Поездки"}))


async def _events(write: Caller, user: int) -> int:
    return len(await write.result("calendar.event.get", {"type": "user", "ownerId": user}))


async def test_an_event_is_put_only_into_a_calendar_of_its_owner(write: Caller) -> None:
    stored = await _events(write, 1)
    mine, theirs = await _section(write), await _section(write, owner=3)
    event = await write.result("calendar.event.add", {**EVENT, "section": mine})
    for section in (theirs, 999_999):
        sent = {**EVENT, "section": section}
        for method, more in (("calendar.event.add", {}), ("calendar.event.update", {"id": event})):
            _, answer = await write.refused(method, {**sent, **more})
            assert answer == {"error": "", "error_description": WRONG_SECTION}
    assert (await write.result("calendar.event.getbyid", {"id": event}))["SECTION_ID"] == str(mine)
    assert await _events(write, 1) == stored + 1


async def test_an_event_without_a_calendar_goes_to_the_first_one(write: Caller) -> None:
    await _section(write)
    first = min(int(row["ID"]) for row in await write.result("calendar.section.get", {"type": "user", "ownerId": 1}))
    event = await write.result("calendar.event.add", EVENT)
    assert (await write.result("calendar.event.getbyid", {"id": event}))["SECTION_ID"] == str(first)


@pytest.mark.parametrize("name", ["id", "type", "ownerId"])
async def test_an_update_requires_the_event_and_its_owner(write: Caller, name: str) -> None:
    event = await write.result("calendar.event.add", EVENT)
    sent = {"id": event, "type": "user", "ownerId": 1, "name": "Новая"}
    del sent[name]
    _, answer = await write.refused("calendar.event.update", sent)
    assert name in answer["error_description"]
    assert answer["error"] == ""


async def test_an_update_keeps_what_is_not_sent(write: Caller) -> None:
    event = await write.result("calendar.event.add", {**EVENT, "description": "О насосах", "importance": "high"})
    await write.result("calendar.event.update", {"id": event, "type": "user", "ownerId": 1, "name": "Новая"})
    row = await write.result("calendar.event.getbyid", {"id": event})
    assert (row["NAME"], row["DESCRIPTION"], row["IMPORTANCE"]) == ("Новая", "О насосах", "high")
    assert row["DATE_FROM"] == "05.03.2026 10:00:00"


async def test_a_new_event_has_the_defaults_of_the_portal(write: Caller) -> None:
    event = await write.result("calendar.event.add", EVENT)
    row = await write.result("calendar.event.getbyid", {"id": event})
    assert (row["ACCESSIBILITY"], row["IMPORTANCE"], row["IS_MEETING"], row["DT_SKIP_TIME"]) == (
        "busy",
        "normal",
        False,
        "N",
    )
    assert (row["MEETING_HOST"], row["MEETING_STATUS"], row["ATTENDEE_LIST"]) == ("1", None, [])


async def test_declining_a_guest_deletes_the_entry_of_that_guest_only(write: Caller) -> None:
    stored = [await _events(write, user) for user in (1, 3, 5)]
    event = await write.result("calendar.event.add", {**EVENT, "attendees": [3, 5], "is_meeting": "Y"})
    sent = {"id": event, "type": "user", "ownerId": 1, "attendees": [5], "is_meeting": "Y"}
    await write.result("calendar.event.update", sent)
    counts = [await _events(write, user) for user in (1, 3, 5)]
    assert counts == [stored[0] + 1, stored[1], stored[2] + 1]


async def test_a_guest_deletes_the_own_entry_and_the_host_the_whole_event(write: Caller) -> None:
    stored = [await _events(write, user) for user in (1, 3, 5)]
    event = await write.result("calendar.event.add", {**EVENT, "attendees": [3, 5], "is_meeting": "Y"})
    of_guest = await write.result("calendar.event.get", {"type": "user", "ownerId": 3})
    entry = next(row["ID"] for row in of_guest if row["PARENT_ID"] == str(event))
    await write.result("calendar.event.delete", {"id": entry})
    counts = [await _events(write, user) for user in (1, 3, 5)]
    assert counts == [stored[0] + 1, stored[1], stored[2] + 1]
    await write.result("calendar.event.delete", {"id": event})
    assert [await _events(write, user) for user in (1, 3, 5)] == stored


@pytest.mark.parametrize(("status", "allowed"), [("Y", True), ("N", True), ("Q", True), ("H", False), ("", False)])
async def test_an_invitation_has_three_answers(write: Caller, status: str, allowed: bool) -> None:
    event = await write.result("calendar.event.add", {**EVENT, "ownerId": 3, "attendees": [1], "is_meeting": "Y"})
    sent = {"eventId": event, "status": status}
    if allowed:
        assert await write.result("calendar.meeting.status.set", sent) is True
        assert await write.result("calendar.meeting.status.get", {"eventId": event}) == status
    else:
        await write.refused("calendar.meeting.status.set", sent)


async def test_only_invited_users_have_a_status(write: Caller) -> None:
    event = await write.result("calendar.event.add", {**EVENT, "attendees": [3], "is_meeting": "Y"})
    await write.as_user().refused("calendar.meeting.status.get", {"eventId": event})
    await write.as_user().refused("calendar.meeting.status.set", {"eventId": event, "status": "Y"})


async def test_free_events_do_not_make_a_user_busy(write: Caller) -> None:
    free = await write.result("calendar.event.add", {**EVENT, "accessibility": "free"})
    busy = await write.result("calendar.event.add", {**EVENT, "accessibility": "absent"})
    sent = {"users": [1], "from": "2026-03-05", "to": "2026-03-05"}
    shown = {row["ID"] for row in (await write.result("calendar.accessibility.get", sent))["1"]}
    assert {str(free), str(busy)} & shown == {str(busy)}


async def test_events_are_listed_of_the_wanted_calendars_and_period(write: Caller) -> None:
    stored = await _events(write, 7)
    first, second = await _section(write, owner=7), await _section(write, owner=7)
    for section, day in ((first, "05"), (second, "06"), (second, "20")):
        times = {"from": f"2026-03-{day}T10:00:00+03:00", "to": f"2026-03-{day}T11:00:00+03:00"}
        await write.result("calendar.event.add", {**EVENT, **times, "ownerId": 7, "section": section})
    base = {"type": "user", "ownerId": 7}
    assert await _events(write, 7) == stored + 3
    assert len(await write.result("calendar.event.get", {**base, "section": [second]})) == 2
    both = {**base, "section": [first, second]}
    assert len(await write.result("calendar.event.get", {**both, "from": "2026-03-05", "to": "2026-03-06"})) == 2
    assert len(await write.result("calendar.event.get.nearest", {**base, "days": 5})) == 2
    assert len(await write.result("calendar.event.get.nearest", {**base, "maxEventsCount": 1})) == 1
