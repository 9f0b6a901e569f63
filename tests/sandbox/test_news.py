"""The news feed: posts, their readers, their comments."""

from __future__ import annotations

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller, http


def _seller(own: Caller) -> Caller:
    seller = Caller(own.sandbox, own.http)
    seller.base = f"/rest/{USER_WEBHOOK}/"
    return seller


async def test_a_post_is_added_read_updated_and_deleted(write: Caller) -> None:
    number = await write.result("log.blogpost.add", {"POST_MESSAGE": "Новый цех открыт", "TAGS": "цех"})
    answer = await write("log.blogpost.get", {"POST_ID": number})
    (post,) = answer["result"]
    assert answer["total"] == 1
    assert (post["ID"], post["TITLE"], post["DETAIL_TEXT"]) == (str(number), "Новый цех открыт", "Новый цех открыт")
    assert (post["AUTHOR_ID"], post["PUBLISH_STATUS"], post["HAS_TAGS"]) == ("1", "P", "Y")
    assert post["DATE_PUBLISH"] == "2026-03-01T12:00:00+03:00"
    assert "DEST" not in post
    assert await write.result("log.blogpost.update", {"POST_ID": number, "POST_TITLE": "Цех"}) == number
    (post,) = await write.result("log.blogpost.get", {"POST_ID": number})
    assert (post["TITLE"], post["DETAIL_TEXT"]) == ("Цех", "Новый цех открыт")
    assert await write.result("log.blogpost.delete", {"POST_ID": number}) is True
    assert await write.result("log.blogpost.get", {"POST_ID": number}) == []
    _, answer = await write.refused("log.blogpost.delete", {"POST_ID": number})
    assert answer == {"error": "100", "error_description": "Wrong post ID"}


async def test_posts_are_listed_by_fifty_the_newest_first(write: Caller) -> None:
    made = [
        await write.result("log.blogpost.add", {"POST_MESSAGE": f"m{place}", "DEST": ["SG1"]}) for place in range(52)
    ]
    asked = {"LOG_RIGHTS": ["SG1"]}
    first = await write("log.blogpost.get", asked)
    assert (first["total"], first["next"], first["result"][0]["ID"]) == (52, 50, str(made[-1]))
    second = await write("log.blogpost.get", {**asked, "start": 50})
    assert [post["DETAIL_TEXT"] for post in second["result"]] == ["m1", "m0"]
    later = {**asked, "LOG_DATE_FROM": "2026-03-02T00:00:00+03:00"}
    assert await write.result("log.blogpost.get", later) == []


async def test_a_post_is_seen_by_its_readers_only(write: Caller) -> None:
    seller = _seller(write)
    number = await write.result("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": ["U1"]})
    assert await seller.result("log.blogpost.get", {"POST_ID": number}) == []
    assert await write.result("log.blogpost.share", {"POST_ID": number, "DEST": ["U4"]}) is True
    assert len(await seller.result("log.blogpost.get", {"POST_ID": number})) == 1
    _, answer = await write.refused("log.blogpost.share", {"POST_ID": number})
    assert answer == {"error": "", "error_description": "Wrong destinations"}


async def test_only_the_author_changes_a_post(write: Caller) -> None:
    seller = _seller(write)
    number = await write.result("log.blogpost.add", {"POST_MESSAGE": "x"})
    _, answer = await seller.refused("log.blogpost.update", {"POST_ID": number, "POST_TITLE": "y"})
    assert answer["error_description"] == "No write perms"
    _, answer = await seller.refused("log.blogpost.delete", {"POST_ID": number})
    assert answer["error"] == "403"
    own = await seller.result("log.blogpost.add", {"POST_MESSAGE": "mine", "USER_ID": 1})
    (post,) = await seller.result("log.blogpost.get", {"POST_ID": own})
    assert post["AUTHOR_ID"] == "4"
    assert await seller.result("log.blogpost.delete", {"POST_ID": own}) is True


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("add", {}, "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR"),
        ("update", {"POST_ID": 999, "POST_TITLE": "x"}, "SONET_CONTROLLER_LIVEFEED_BLOGPOST_UPDATE_ERROR"),
        ("delete", {}, "100"),
        ("getusers.important", {"POST_ID": 999}, ""),
    ],
)
async def test_wrong_posts_are_refused(call: Caller, method: str, params: dict[str, object], code: str) -> None:
    _, answer = await call.refused(f"log.blogpost.{method}", params)
    assert answer["error"] == code


async def test_an_update_needs_a_title_or_a_text(write: Caller) -> None:
    number = await write.result("log.blogpost.add", {"POST_MESSAGE": "x"})
    _, answer = await write.refused("log.blogpost.update", {"POST_ID": number})
    assert answer == {"error": "EMPTY_TITLE", "error_description": "Message title is not specified."}
    assert await write.result("log.blogpost.getusers.important", {"POST_ID": number}) == []


async def test_comments_are_counted_and_not_repeated(own: Sandbox) -> None:
    async with http(own) as client:
        write = Caller(own, client)
        post = await write.result("log.blogpost.add", {"POST_MESSAGE": "x"})
        comment = await write.result("log.blogcomment.add", {"POST_ID": post, "TEXT": "да"})
        (shown,) = await write.result("log.blogpost.get", {"POST_ID": post})
        assert shown["NUM_COMMENTS"] == "1"
        _, answer = await write.refused("log.blogcomment.add", {"POST_ID": post, "TEXT": "да"})
        assert answer == {"error": "", "error_description": "Duplicate comment"}
        _, answer = await write.refused("log.blogcomment.add", {"POST_ID": 999, "TEXT": "да"})
        assert answer["error_description"] == "No post found"
        _, answer = await _seller(write).refused("log.blogcomment.delete", {"COMMENT_ID": comment})
        assert answer["error_description"] == "No delete perms"
        assert await write.result("log.blogcomment.delete", {"COMMENT_ID": comment}) is True
        (shown,) = await write.result("log.blogpost.get", {"POST_ID": post})
        assert shown["NUM_COMMENTS"] == "0"
        _, answer = await write.refused("log.blogcomment.delete", {"COMMENT_ID": comment})
        assert answer["error_description"] == "No comment found"
