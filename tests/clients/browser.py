"""The browser of a person who allows what is asked: `browser.py URL`, also as `xdg-open`.

TEAM_PERSON is the id of the person who is logged in at the portal.

It follows the redirects to the page of the consent, sends its form, and delivers the answer to the client that waits on
this computer. It runs no JavaScript.
"""

from __future__ import annotations

import os
import re
import sys
from html import unescape
from urllib.parse import urljoin

import httpx

_SECONDS = 20


def allow(url: str, person: str | None = None) -> str:
    """Open the address and allow what is asked. Return the address of the client to which the browser is sent."""
    cookies = {"SANDBOX_USER": person or os.environ.get("TEAM_PERSON", "1")}
    with httpx.Client(follow_redirects=True, timeout=_SECONDS, trust_env=False, cookies=cookies) as browser:
        page = browser.get(url)
        form = re.search(r'<form method="post" action="([^"]*)"', page.text)
        if page.status_code != 200 or form is None:
            raise SystemExit(f"no question was shown: {page.status_code} {page.text[-1000:]}")
        inputs = [dict(re.findall(r'([a-z-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", page.text)]
        fields = {one["name"]: unescape(one["value"]) for one in inputs if one.get("type") == "hidden"}
        chosen = re.search(r'<input type="radio"[^>]* value="(\w+)" checked', page.text)
        fields |= {"level": chosen[1] if chosen else "", "answer": "allow"}
        origin = "/".join(str(page.url).split("/")[:3])
        sent = browser.post(
            urljoin(str(page.url), unescape(form[1])), data=fields, headers={"origin": origin}, follow_redirects=False
        )
        if sent.status_code != 303:
            raise SystemExit(f"the consent was not accepted: {sent.status_code} {sent.text[-1000:]}")
        return sent.headers["location"]


def deliver(address: str) -> int:
    """Open the address of the client, and return the status of its page."""
    with httpx.Client(follow_redirects=False, timeout=_SECONDS, trust_env=False) as browser:
        return browser.get(address).status_code


def main() -> int:
    """Allow what is asked at the address, and return to the client."""
    answer = allow(sys.argv[1])
    status = deliver(answer)
    sys.stderr.write(f"the client answered its address {answer.partition('?')[0]} with {status}\n")
    return 0 if status < 400 else 1


if __name__ == "__main__":
    sys.exit(main())
