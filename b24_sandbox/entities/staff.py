"""Users and departments (documentation: api-reference/user, api-reference/departments)."""

from __future__ import annotations

from b24_sandbox.tables import entity

USER = entity("staff_user")
DEPARTMENT = entity("staff_department")
