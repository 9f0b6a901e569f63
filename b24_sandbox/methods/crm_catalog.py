"""The only product catalogue of the classic methods (`crm.catalog.*`). Its products and units are declared.

Documentation: api-reference/crm/outdated.
"""

from __future__ import annotations

from b24_sandbox import errors
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_catalog import CATALOG_ID
from b24_sandbox.methods.crm_classic import array, record_id
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant

method = MethodTable("crm")
register = method.register


@method("crm.catalog.get")
def _get(call: Call) -> Value:
    if record_id(call) != CATALOG_ID:
        raise errors.not_found()
    return constant("crm.catalog")


@method("crm.catalog.list")
def _list(call: Call) -> Value:
    array(call, "filter")
    return RowPage([constant("crm.catalog")], total=1)


@method("crm.product.property.list")
def _properties(call: Call) -> Value:
    return RowPage([], total=0)
