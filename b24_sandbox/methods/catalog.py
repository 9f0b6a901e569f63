"""What the declared families of products decide in code: the block whose fields are described.

Documentation: api-reference/catalog. Every employee may read the catalogue, only administrators may write to it.
"""

from __future__ import annotations

from b24_sandbox import declared, errors, php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.declared import run_of
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable, Run

_PRODUCTS = ("catalog.product", "catalog.product.service", "catalog.product.sku", "catalog.product.offer")

method = MethodTable("catalog")
register = method.register


def _fields_by_filter(describe: Run) -> Run:
    """The fields of products in a block. The block is required."""

    def run(call: Call) -> Value:
        conditions = php.as_map(call.exact("filter"))
        if not conditions:
            raise errors.missing_parameter("filter")
        if not conditions.get("iblockId"):
            raise PortalError("0", "Iblock id is not specified")
        return describe(call)

    return run


for _name in _PRODUCTS:
    _family = declared.by_name(_name)
    _action = method.controller(_family.php_class)
    _action.add(f"{_name}.getFieldsByFilter", _fields_by_filter(run_of(_family, "fields")))
