"""Check the arguments of calls against what the portal has: its fields, options, directories and stages.

Refused are a name that the portal does not have, a value that its field does not have, and a stage of another pipeline.
The refusal has the right name or values, and the portal is asked once more before it. A label is accepted in place of
an id when only one value has the label; the answer says what was sent. What the portal does not say is not checked.

`uses` finds the names and values in the arguments, `parts` those that the documentation does not settle. `names`,
`values` and `stages` judge one of them each, `judge` a whole call, and `check` asks the portal. `records` reads the
pipelines of records that are changed.
"""

from __future__ import annotations

from b24_mcp.app.portal_checks.check import check_calls, check_each

__all__ = ["check_calls", "check_each"]
