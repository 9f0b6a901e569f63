"""The methods that change settings of the CRM. Only administrators may call them (documentation: api-reference/crm)."""

from __future__ import annotations

from b24_sandbox.errors import PortalError
from b24_sandbox.registry import Registry

_CONTROLLERS = """
crm.category.add crm.category.update crm.category.delete
crm.type.add crm.type.update crm.type.delete
crm.automatedsolution.add crm.automatedsolution.get crm.automatedsolution.update crm.automatedsolution.delete
"""
_CLASSIC = """
crm.status.add
crm.vat.add crm.vat.update crm.vat.delete
crm.currency.add crm.currency.update crm.currency.delete crm.currency.base.set
crm.currency.localizations.set crm.currency.localizations.delete
crm.deal.userfield.add crm.deal.userfield.update crm.deal.userfield.delete
crm.lead.userfield.add crm.lead.userfield.update crm.lead.userfield.delete
crm.contact.userfield.add crm.contact.userfield.update crm.contact.userfield.delete
crm.company.userfield.add crm.company.userfield.update crm.company.userfield.delete
crm.quote.userfield.add crm.quote.userfield.update crm.quote.userfield.delete
"""
_DIRECTORIES = "crm.status.update crm.status.delete"
"""These methods send the text of an error as its code."""


def register(registry: Registry) -> None:
    """Restrict the methods, which their families have registered before."""
    for names, code, description in (
        (_CONTROLLERS, "ACCESS_DENIED", "Access denied"),
        (_CLASSIC, "", "Access denied."),
        (_DIRECTORIES, "Access denied.", "Access denied."),
    ):
        for name in names.split():
            registry.restrict(name, PortalError(code, description))
