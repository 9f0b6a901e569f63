"""Workgroups with their members, options of applications, working days.

Documentation: api-reference/sonet-group, api-reference/common/settings, api-reference/timeman/base.
"""

from __future__ import annotations

from b24_sandbox.tables import entity

GROUP = entity("workgroup")
MEMBER = entity("workgroup_member")
OPTION = entity("application_option")
WORKDAY = entity("workday")
