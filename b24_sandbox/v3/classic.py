"""Calls of methods of version 2 from methods of REST 3.0, so that both versions create a record in the same way."""

from __future__ import annotations

from b24_sandbox import answer
from b24_sandbox.call import Call
from b24_sandbox.php import Map, Value
from b24_sandbox.v3.context import Context


def perform(context: Context, name: str, params: Map) -> Value:
    """Run a method of version 2 as the acting user and return its result. Its scope is not required.

    Raises:
        PortalError: the refusal of the method.
    """
    method = context.portal.registry.find(name)
    assert method is not None, name
    return answer.as_page(method.run(Call(context.portal, method, context.caller, params))).result
