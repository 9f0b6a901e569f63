"""Workgroups with their members, options of applications, working days.

Documentation: api-reference/sonet-group, api-reference/common/settings, api-reference/timeman/base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

_DEFAULTS: dict[str, Value] = {
    "SITE_ID": "s1",
    "ACTIVE": "Y",
    "VISIBLE": "Y",
    "OPENED": "N",
    "CLOSED": "N",
    "SUBJECT_ID": 1,
    "NUMBER_OF_MEMBERS": 1,
    "NUMBER_OF_MODERATORS": 1,
    "INITIATE_PERMS": "E",
    "PROJECT": "N",
    "LANDING": "N",
}


def _prepare_group(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    if stored is None:
        for name, value in _DEFAULTS.items():
            values.setdefault(name, value)
        values["DATE_CREATE"] = now
        values.setdefault("OWNER_ID", user)
    values["DATE_UPDATE"] = values["DATE_ACTIVITY"] = now


GROUP = Entity(
    "workgroup",
    parse_fields("""
ID integer r | ID
SITE_ID string | Site
NAME string q | Name
DESCRIPTION string | Description
DATE_CREATE datetime r | Created
DATE_UPDATE datetime r | Changed
DATE_ACTIVITY datetime r | Last activity
ACTIVE char r | Active
VISIBLE char | In the list of all users
OPENED char | Open to join
CLOSED char | Archived
SUBJECT_ID integer | Subject
OWNER_ID user | Owner
KEYWORDS string | Keywords
IMAGE_ID integer r | Picture
AVATAR_TYPE string r | Kind of picture
NUMBER_OF_MEMBERS integer r | Members
NUMBER_OF_MODERATORS integer r | Moderators
INITIATE_PERMS string | Who may invite
PROJECT char | Project
PROJECT_DATE_START datetime | Begin
PROJECT_DATE_FINISH datetime | End
LANDING char | For publication
SCRUM_OWNER_ID user | Scrum owner
SCRUM_MASTER_ID user | Scrum master
SCRUM_SPRINT_DURATION integer | Sprint, seconds
SCRUM_TASK_RESPONSIBLE string | Who does scrum tasks
"""),
    _prepare_group,
)

MEMBER = Entity(
    "workgroup_member",
    parse_fields("""
ID integer r | ID
GROUP_ID integer r | Group
USER_ID user r | User
ROLE string r | A owner, E moderator, K member, Z invited
"""),
    indexes=("GROUP_ID",),
)

OPTION = Entity(
    "application_option",
    parse_fields("""
ID integer r | ID
USER_ID user r | Whose, 0: the application's
NAME string r | Name
VALUE string r | Value in JSON
"""),
)

WORKDAY = Entity(
    "workday",
    parse_fields("""
ID integer r | ID
USER_ID user r | User
STATUS string r | OPENED, PAUSED or CLOSED
TIME_START datetime r | Begin
TIME_FINISH datetime r | End
LAST_PAUSE datetime r | Paused since
LEAKS integer r | Pauses, seconds
REPORT string | Report
"""),
    indexes=("USER_ID",),
)

GROUPS = (GROUP, MEMBER, OPTION, WORKDAY)
