"""Fourteen months of the demonstration company: clients, deals and what belongs to them, tasks, and its office.

All data comes from seeded generators and from the tables in `data/`, and every date is counted from the portal's clock.
A question such as "deals that have not moved for two weeks" always has an answer.

The first generator makes records, the second one everything that belongs to them. Records therefore stay the same when
something is added to them.
"""

from __future__ import annotations

from random import Random

from b24_sandbox.entities.crm import DEAL
from b24_sandbox.seed.calendars import seed_calendars
from b24_sandbox.seed.clients import Clients
from b24_sandbox.seed.communication import seed_communication
from b24_sandbox.seed.deals import make_deals
from b24_sandbox.seed.goods import seed_goods
from b24_sandbox.seed.messenger import seed_chats
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.requisites import seed_requisites
from b24_sandbox.seed.rows import write
from b24_sandbox.seed.sales import seed_invoices, seed_product_rows
from b24_sandbox.seed.stages import StageHistory
from b24_sandbox.seed.tasks import seed_tasks
from b24_sandbox.seed.working_time import seed_working_time
from b24_sandbox.storage import Storage


def seed_company(storage: Storage, now: float) -> None:
    """Write all records. `now` is in Unix seconds."""
    moments = Moments(now)
    random, details = Random(24_24), Random(24_25)  # noqa: S311 (fiction, not secrets)
    history = StageHistory(moments)
    clients = Clients(moments, random, history)
    clients.write(storage)
    deals, sold = make_deals(moments, random, clients, history)
    baskets = seed_product_rows(storage, details, deals, sold)
    write(storage, DEAL, deals)
    requisites = seed_requisites(storage, moments, details, clients)
    seed_invoices(storage, moments, history, deals, baskets, requisites)
    history.write(storage)
    seed_communication(storage, moments, details, clients, deals)
    seed_tasks(storage, moments, random, details)
    seed_goods(storage, now)
    seed_calendars(storage, now)
    seed_chats(storage, now)
    seed_working_time(storage, now)
