"""Posts in the news feed of the demonstration company."""

from __future__ import annotations

from collections.abc import Iterable

from b24_sandbox.fields import Entity
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_TABLE = "blog_post"
_FLAGS: dict[str, Value] = {
    "BLOG_ID": 1,
    "PUBLISH_STATUS": "P",
    "ENABLE_COMMENTS": "Y",
    "NUM_COMMENTS": 0,
    "MICRO": "N",
    "HAS_SOCNET_ALL": "Y",
    "HAS_TAGS": "N",
    "HAS_IMAGES": "N",
    "HAS_PROPS": "N",
    "DEST": '["UA"]',
}


def seed_news(storage: Storage, now: float, entities: Iterable[Entity]) -> None:
    """Write the posts, addressed to everybody. A portal without the feed has no table for them and stays as it is."""
    feed = next((entity for entity in entities if entity.name == _TABLE), None)
    if feed is None:
        return
    moments = Moments(now)
    columns = ("DATE_PUBLISH", "AUTHOR_ID", "TITLE", "DETAIL_TEXT", *_FLAGS)
    rows = [
        (moments.past(int(days), float(hour)), int(author), title, text, *_FLAGS.values())
        for days, hour, author, title, text in table("news")
    ]
    storage.insert_many(feed, columns, rows)
