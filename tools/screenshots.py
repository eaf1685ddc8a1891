"""Takes the pictures of the README, in `docs/images`, from the running suite: `make up`, `make demo`, and then this.

python tools/screenshots.py             all pictures
python tools/screenshots.py worklist    one of them
"""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from meldstroom_local.processes import NotStartedError
from meldstroom_local.running import RunningSuite

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PHONE = (360, 780)
SCREEN = (1440, 900)
HANDLER = "Hanna Visser"


def report(page: Page) -> None:
    """Show the first step of a report, as a resident fills it in."""
    page.goto("/melden/beschrijf")
    page.get_by_label("Vertel in uw eigen woorden").fill("De lantaarnpaal voor nummer 12 doet het niet")


def worklist(page: Page) -> None:
    """Show the list of a handler."""
    page.goto("/behandelen")
    page.get_by_role("button", name=re.compile(HANDLER)).click()
    page.wait_for_url("**/behandelen")


def public_map(page: Page) -> None:
    """Show the public map with its list."""
    page.goto("/kaart")
    page.locator("#map[data-state=idle][data-points]").wait_for()


PICTURES: dict[str, tuple[tuple[int, int], Callable[[Page], None]]] = {
    "report": (PHONE, report),
    "worklist": (SCREEN, worklist),
    "map": (SCREEN, public_map),
}


def main() -> int:
    """Take the pictures that were asked for; return 1 when that cannot be done."""
    wanted = sys.argv[1:] or list(PICTURES)
    if unknown := set(wanted) - set(PICTURES):
        print(f"No such picture: {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}", file=sys.stderr)
        return 1
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("Chromium is needed; `make test` installs it when it runs as root", file=sys.stderr)
        return 1
    try:
        address = RunningSuite().url
    except NotStartedError as error:
        print(error, file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name in wanted:
            take(browser, address, name)
    return 0


def take(browser: Browser, address: str, name: str) -> None:
    """Take one picture and write it."""
    (width, height), show = PICTURES[name]
    context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, locale="nl-NL")
    page = context.new_page()
    show(page)
    page.evaluate("document.fonts.ready")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    context.close()
    print(f"written: {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


if __name__ == "__main__":
    sys.exit(main())
