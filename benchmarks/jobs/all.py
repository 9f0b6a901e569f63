"""All jobs, by their number."""

from __future__ import annotations

from benchmarks.jobs import bulk, company, crm, sales, work

JOBS = tuple(sorted((*sales.JOBS, *crm.JOBS, *work.JOBS, *bulk.JOBS, *company.JOBS), key=lambda job: job.number))
