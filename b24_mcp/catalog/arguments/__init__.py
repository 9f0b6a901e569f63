"""Check the arguments of a call against the documented parameters of the method, before anything is sent.

A certain mistake is refused: a required name is missing, a value has the wrong form or is not allowed, or a name is one
typing error away from a documented one. Anything else that is unusual passes with a warning: portals have more names
than are documented.

`families` has what whole families of methods share: where the letter case of names counts, and the operators of their
filters. `nodes` are the documented parameters prepared for many checks. `walk` follows the arguments of a call into
every object and list; it uses `names`, `conditions` and `values`, each of which judges one name, one key of a filter or
one value; `words` has what values stand for. `synonyms` and `misplaced` know what an undocumented name stands for, and
where it belongs. `usual` recognises quickly that a call needs no closer look, and `texts` reads JSON text where an
object is meant. `table` puts them together; it is not needed to start and list the tools, so this module does not
import it.
"""

from __future__ import annotations

from b24_mcp.catalog.arguments.problem import Problem
from b24_mcp.catalog.arguments.references import is_reference

__all__ = ["Problem", "is_reference"]
