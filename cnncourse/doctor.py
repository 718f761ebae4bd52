"""What this machine has for the course, what is missing, and what to do about it."""

import os
import shutil
from pathlib import Path

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium():
    """Path of a Chromium for the browser tests, or None.

    Looks at the variable CNNCOURSE_CHROMIUM, then at PATH, then where Playwright keeps its own.
    """
    chosen = os.environ.get("CNNCOURSE_CHROMIUM")
    found = chosen or next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None) or _playwright_chromium()
    return Path(found) if found and Path(found).exists() else None


def _playwright_chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
