"""Users and departments (documentation: api-reference/user, api-reference/departments)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _prepare_user(portal: World, values: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        values.setdefault("ACTIVE", 1)
        values.setdefault("IS_ONLINE", "N")
        values.setdefault("DATE_REGISTER", dates.iso(portal.clock()))
        values.setdefault("USER_TYPE", "employee")
        values.setdefault("UF_DEPARTMENT", "[]")
    values["TIMESTAMP_X"] = dates.iso(portal.clock())


def _prepare_department(portal: World, values: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        values.setdefault("SORT", 500)


USER = Entity(
    "staff_user",
    parse_fields("""
ID integer r | ID
XML_ID string | External code
ACTIVE bool | Active
NAME string | First name
LAST_NAME string | Last name
SECOND_NAME string | Second name
TITLE string | Title
EMAIL string q | E-mail
LAST_LOGIN datetime r | Last login
DATE_REGISTER datetime r | Registered on
TIME_ZONE string | TIME_ZONE
IS_ONLINE string r | IS_ONLINE
TIMESTAMP_X stamp_ru r | TIMESTAMP_X
LAST_ACTIVITY_DATE stamp_sql r | LAST_ACTIVITY_DATE
PERSONAL_GENDER string | Gender
PERSONAL_PROFESSION string | Profession
PERSONAL_WWW string | Home page
PERSONAL_BIRTHDAY date | Date of birth
PERSONAL_PHOTO file | Photo
PERSONAL_PHONE string | Personal phone
PERSONAL_MOBILE string | Personal mobile
PERSONAL_CITY string | City
PERSONAL_COUNTRY string | Country
WORK_PHONE string | Company phone
WORK_COMPANY string | Company
WORK_POSITION string | Position
WORK_DEPARTMENT string | Department
WORK_CITY string | Work city
UF_EMPLOYMENT_DATE date | Employed on
UF_DEPARTMENT department m | Departments
UF_INTERESTS string | Interests
UF_SKILLS string | Skills
UF_PHONE_INNER string | Extension number
USER_TYPE string r | USER_TYPE
"""),
    _prepare_user,
    user_fields="USER",
)

DEPARTMENT = Entity(
    "staff_department",
    parse_fields("""
ID integer r | ID
NAME string q | Department name
SORT integer | Sort order
PARENT department | Parent department
UF_HEAD user | Head
"""),
    _prepare_department,
)
