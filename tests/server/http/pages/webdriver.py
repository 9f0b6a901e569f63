"""A small client of chromedriver (W3C WebDriver): a real browser for tests."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
_PAGE = "return document.readyState === 'complete' ? performance.timeOrigin : null"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


@dataclass
class RealBrowser:
    """A headless browser. `session` is the address of its session at the driver."""

    http: httpx.AsyncClient
    session: str

    async def go(self, address: str) -> None:
        """Open an address and wait until the page is loaded."""
        await self._ask("POST", "/url", url=address)

    async def click(self, selector: str) -> None:
        """Click the first element that a CSS selector finds, and wait for the page that follows."""
        before = await self.run(_PAGE)
        found = await self._ask("POST", "/element", using="css selector", value=selector)
        await self._ask("POST", f"/element/{found[_ELEMENT]}/click")
        with anyio.fail_after(30):
            await self._loaded_after(before)

    async def _loaded_after(self, before: object) -> None:
        while True:
            try:
                if await self.run(_PAGE) not in (before, None):
                    return
            except AssertionError:  # between two pages no script runs
                pass
            await anyio.sleep(0.02)

    async def text(self) -> str:
        """Return the text of the page as a person sees it."""
        return str(await self.run("return document.body.innerText"))

    async def run(self, script: str) -> Any:
        """Run a script in the page and return its result."""
        return await self._ask("POST", "/execute/sync", script=script, args=[])

    async def resize(self, width: int, height: int = 900) -> None:
        """Make the page as wide as a screen."""
        params = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self._ask("POST", "/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=params)

    async def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page to a file."""
        params = {"captureBeyondViewport": True, "format": "png"}
        found = await self._ask("POST", "/goog/cdp/execute", cmd="Page.captureScreenshot", params=params)
        await anyio.Path(path).write_bytes(base64.b64decode(found["data"]))

    async def _ask(self, verb: str, path: str, **content: Any) -> Any:
        response = await self.http.request(verb, self.session + path, json=content)
        answer = response.json()["value"]
        assert response.is_success, answer
        return answer


@asynccontextmanager
async def real_browser(folder: Path) -> AsyncIterator[RealBrowser]:
    """Run a headless browser, whose profile is in a folder."""
    assert DRIVER is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await anyio.open_process([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    options = {"binary": CHROMIUM, "args": [*flags, f"--user-data-dir={folder}", "--lang=en"]}
    wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await _until_ready(http)
            begun = (await http.post("/session", json=wanted)).json()["value"]
            browser = RealBrowser(http, f"/session/{begun['sessionId']}")
            try:
                yield browser
            finally:
                await http.delete(browser.session)
    finally:
        process.terminate()
        await process.wait()
        await process.aclose()


async def _until_ready(http: httpx.AsyncClient) -> None:
    with anyio.fail_after(30):
        while True:
            try:
                if (await http.get("/status")).json()["value"]["ready"]:
                    return
            except httpx.TransportError:
                await anyio.sleep(0.02)
