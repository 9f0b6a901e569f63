"""Check the arguments of calls against what the portal has: its fields, options, directories and stages.

A name that the portal does not have, a value that is none of those of its field and a stage of another pipeline are
refused, with the right name or values; before that the portal is asked once more. A label is accepted where an id is
meant when only one value has it, and the answer says what was sent. What the portal does not say is not checked.

`uses` finds the names and values in the arguments, `parts` those that the documentation does not settle. `names`,
`values` and `stages` judge one of them each, `judge` a whole call, and `check` asks the portal. `records` reads the
pipelines of records that are changed.
"""

from __future__ import annotations

from b24_mcp.app.portal_checks.check import check_calls

__all__ = ["check_calls"]
