"""The staff of the demonstration company, "Северный мост": equipment for workshops, sales and service.

The company, its staff and its clients are invented. Phones are of ranges reserved for fiction, e-mail addresses of
`example.com`. The records are in `data/company`; the director is the one user of every portal.
"""

from __future__ import annotations

SELLERS = (2, 3, 4, 5, 6, 7, 8, 9, 20)
"""Kirill, the last one, has left the company: an inactive user who is still responsible for deals."""
SERVICE = (10, 11, 12, 13)
EVERYBODY = tuple(range(1, 20))
