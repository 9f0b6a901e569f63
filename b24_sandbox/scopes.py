"""The scopes of a portal, with and without methods in the sandbox.

Documentation: api-reference/scopes/permissions; the rest is measured behaviour of `scope` with `full`.
"""

from __future__ import annotations

_NAMED = """
ai_admin appform baas biconnector bizproc booking calendar calendarmobile call cashbox catalog catalogmobile
configuration.import contact_center crm delivery department disk documentgenerator entity forum humanresources
humanresources.hcmlink iblock im im.import imbot imconnector imopenlines intranet landing landing_cloud lists log
mailservice main messageservice mobile note notifications pay_system placement pull pull_channel rating rest rpa sale
salescenter sign.b2e smile socialnetwork sonet_group task tasks tasks_extended tasksmobile telephony timeman user
user.userfield user_basic user_brief userconsent userfieldconfig vote
"""

PORTAL_SCOPES: frozenset[str] = frozenset(_NAMED.split())
"""The scopes that `scope` lists with `full`."""
