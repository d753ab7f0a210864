"""Look at pages as a browser does: what they would load, what they hold, how they print."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "ping",
           "xlink:href", "manifest", "cite", "longdesc"}  # fmt: skip
# what Chromium asks for by itself, whatever the page
OWN_HOSTS = ("update.googleapis.com", "clients2.google.com", "accounts.google.com",
             "clients4.google.com", "optimizationguide-pa.googleapis.com",
             "content-autofill.googleapis.com", "edgedl.me.gvt1.com", "www.google.com",
             "safebrowsing.googleapis.com", "redirector.gvt1.com")  # fmt: skip


class PageParser(HTMLParser):
    """Tags, addresses, styles and visible text of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.addresses, self.styles, self.words = [], [], [], []
        self._inside = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in {"meta", "link", "img", "br", "input", "hr", "base"}:
            self._inside.append(tag)
        self.addresses += [(tag, key, found[key]) for key in found if key in LOADING]
        if "href" in found:
            self.addresses.append((tag, "href", found["href"]))
        if "style" in found:
            self.styles.append(found["style"])

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" in self._inside:
            self.styles.append(data)
        elif "script" not in self._inside and data.strip():
            self.words.append(data.strip())

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def loaded_addresses(text):
    """Return every address that a browser would load when it opens a page."""
    page = PageParser(text)
    found = [
        (tag, key, value)
        for tag, key, value in page.addresses
        if value and not value.startswith(("data:", "#", "about:"))
    ]
    found += [("style", "@import", style) for style in page.styles if "@import" in style]
    for style in page.styles:
        found += [
            ("style", "url", match)
            for match in re.findall(r"url\(\s*['\"]?([^)'\"]*)", style)
            if not match.startswith(("data:", "#"))
        ]
    found += [(tag, "tag", str(attrs)) for tag, attrs in page.tags if tag in {"link", "base"}]
    return found


def browser():
    """Return the path of Chromium, or skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("no Chromium on this machine: pages are checked as text only")


def program(name):
    """Return the path of a program, or skip."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"no {name} on this machine: printed pages are not counted")
    return path


def _run(page, folder, *arguments):
    log = folder / "net.json"
    done = subprocess.run(
        [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--proxy-server=127.0.0.1:9", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", *arguments,
         Path(page).resolve().as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    text = log.read_text(encoding="utf-8")
    try:
        events = json.loads(text)
    except json.JSONDecodeError:  # Chromium was quicker to leave than to close its log
        events = json.loads(text.rstrip().rstrip(",") + "]}")
    wanted = events["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    urls = {
        event["params"]["url"]
        for event in events["events"]
        if event["type"] == wanted and "url" in event.get("params", {})
    }
    asked = {
        url
        for url in urls
        if not url.startswith(("file:", "data:", "chrome"))
        and not any(f"//{host}/" in url for host in OWN_HOSTS)
    }
    faults = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, asked, faults


def open_page(page, folder):
    """Open a page in a browser without a connection: document, requests, console messages."""
    return _run(page, folder, "--virtual-time-budget=6000", "--dump-dom")


def print_page(page, folder):
    """Print a page as a PDF: number of sheets, paper size, text of each sheet."""
    info, to_text = program("pdfinfo"), program("pdftotext")
    target = folder / "printed.pdf"
    _run(page, folder, "--no-pdf-header-footer", f"--print-to-pdf={target}")
    told = subprocess.run([info, target], capture_output=True, text=True, check=True).stdout
    count = int(re.search(r"Pages:\s+(\d+)", told).group(1))
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", told).groups()
    sheets = [
        subprocess.run([to_text, "-f", str(n), "-l", str(n), "-layout", target, "-"],
                       capture_output=True, text=True, check=True).stdout
        for n in range(1, count + 1)
    ]  # fmt: skip
    return count, tuple(round(float(side)) for side in size), sheets


def without_policy(text):
    """Return a page without its security policy, so that nothing is stopped for it."""
    return re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", text)
