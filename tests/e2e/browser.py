#!/usr/bin/env python3
"""browser.py - the HTML reports in headless Chromium: no script errors, no requests, the filter
works, narrow and wide are readable, light and dark, without scripts, and on paper.

    browser.py NT_DIFFER BASELINES [SCREENSHOTS]

Speaks the DevTools protocol over a pipe (--remote-debugging-pipe: messages end in NUL). Skipped (77)
where there is no Chromium. With a folder as third argument it leaves screenshots there.
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

NT_DIFFER, BASELINES = sys.argv[1], pathlib.Path(sys.argv[2])
SCREENSHOTS = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
PAIRS = [("win7-7601", "win81-9600"), ("win81-9600", "win10-10240"), ("win10-10240", "win10-14393")]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
failures = 0


def check(what, holds, found=""):
    global failures
    print(("ok      " if holds else "FAILED  ") + what + (f": {found}" if not holds else ""))
    failures += not holds


class Browser:
    def __init__(self, program, profile):
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()

        def wire():  # the browser reads from 3 and writes to 4
            high = [os.dup(descriptor) for descriptor in (to_read, back_write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={profile}"],
                                        preexec_fn=wire, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(back_write)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def read(self):
        while b"\0" not in self.rest:
            block = os.read(self.back, 1 << 20)
            if not block:
                raise RuntimeError("Chromium ended")
            self.rest += block
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def load(self, page):
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.read())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def screenshot(self, name):
        if SCREENSHOTS:
            data = self.call("Page.captureScreenshot", format="png")["data"]
            (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(data))

    def close(self):
        os.close(self.to)
        self.process.terminate()
        self.process.wait(timeout=20)


# What a reader sees: rows that are neither hidden nor in something closed.
SHOWN = """Array.from(document.querySelectorAll('tr[data-severity]')).filter(row => !row.hidden)"""
FILTER = """(text => {
    const input = document.querySelector('#filter input[type=search]');
    input.value = text;
    input.dispatchEvent(new Event('input'));
})"""
CONTRAST = """(() => {
    const numbers = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = color => numbers(color).map(part => {
        part /= 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }).reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const style = getComputedStyle(document.body);
    const [a, b] = [light(style.color), light(style.backgroundColor)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})()"""


def quiet(browser, page):
    """What went wrong while the page was there: requests but for itself, errors."""
    wrong = []
    for event in browser.events:
        parameters = event.get("params", {})
        url = parameters.get("request", {}).get("url", page.as_uri())
        if event.get("method") == "Network.requestWillBeSent" and not url.startswith(page.as_uri()):
            wrong.append(url)
        if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            wrong.append(json.dumps(parameters)[:300])
    return wrong


def check_page(browser, page, name, changes):
    browser.call("Emulation.setEmulatedMedia", features=[])
    for width in (390, 1600):
        browser.size(width)
        browser.load(page)
        browser.screenshot(f"{name}-{width}")
        overflow = browser.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        check(f"{name}: {width} px wide, nothing sticks out", overflow <= 0, f"{overflow} px")
        small = browser.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        check(f"{name}: {width} px wide, text of 15 px or more", small >= 15, small)
        check(f"{name}: {width} px wide, no errors and no requests", not quiet(browser, page), quiet(browser, page))
    rows = browser.evaluate(f"{SHOWN}.length")
    check(f"{name}: a row for each change", rows == len(changes), f"{rows} of {len(changes)}")
    identifiers = browser.evaluate(
        "Array.from(document.querySelectorAll('[id]')).map(element => element.id)")
    check(f"{name}: no id twice", len(set(identifiers)) == len(identifiers))
    dead = browser.evaluate("Array.from(document.querySelectorAll('a[href^=\"#\"]')).filter(link => "
                            "!document.getElementById(decodeURIComponent(link.hash.slice(1)))).map(link => link.hash)")
    check(f"{name}: no link leads nowhere", not dead, dead[:5])


def check_filter(browser, page, name, changes):
    browser.load(page)
    word = "_EPROCESS"
    browser.evaluate(f"{FILTER}({json.dumps(word)})")
    shown = browser.evaluate(f"{SHOWN}.map(row => row.id)")
    wanted = sum(change["subject"].startswith("_EPROCESS") for change in changes)
    check(f"{name}: the filter leaves what matches", wanted <= len(shown) < len(changes),
          f"{len(shown)} of {len(changes)}, {wanted} wanted")
    check(f"{name}: and says how many",
          browser.evaluate("document.querySelector('#filter output').textContent")
          == f"{len(shown)} of {len(changes)} changes")
    hidden = browser.evaluate(f"{SHOWN}.filter(row => row.getClientRects().length === 0).length")
    check(f"{name}: what matches is not folded away", hidden == 0, hidden)
    browser.screenshot(f"{name}-filter")
    browser.evaluate("document.querySelector('#filter input[value=breaking]').click()")
    severities = browser.evaluate(f"{SHOWN}.map(row => row.dataset.severity)")
    check(f"{name}: a severity that is switched off goes", "breaking" not in severities)
    browser.evaluate(f"{FILTER}('no such word anywhere')")
    check(f"{name}: a word that nothing has leaves nothing", browser.evaluate(f"{SHOWN}.length") == 0)
    browser.evaluate(f"document.querySelector('#filter input[value=breaking]').click(); {FILTER}('')")
    check(f"{name}: without a filter all is back", browser.evaluate(f"{SHOWN}.length") == len(changes))
    check(f"{name}: the filter made no errors", not quiet(browser, page), quiet(browser, page))


def check_media(browser, page, name):
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.load(page)
        browser.screenshot(f"{name}-{scheme}")
        contrast = browser.evaluate(CONTRAST)
        check(f"{name}: {scheme}, contrast of text of 7 or more", contrast >= 7, contrast)
    paper = base64.b64decode(browser.call("Page.printToPDF")["data"])
    check(f"{name}: prints", paper.startswith(b"%PDF") and len(paper) > 20000, len(paper))
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.load(page)
    nodes = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    found = [browser.call("DOM.querySelectorAll", nodeId=nodes, selector=selector)["nodeIds"]
             for selector in ("tr[data-severity]", "#filter[hidden]")]
    check(f"{name}: without scripts the changes are there and the filter is not", all(found))
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def report(form, old, new, path):
    run = subprocess.run([NT_DIFFER, "diff", BASELINES / f"{old}.json", BASELINES / f"{new}.json",
                          "-f", form, "-o", path], check=False)
    assert run.returncode in (0, 1)
    return path.read_text(encoding="utf-8")


def check_article(browser, page):
    """An article of the folder: nothing sticks out of a narrow page, and no heading that a link
    leads to is below the filter."""
    browser.size(390)
    browser.load(page)
    overflow = browser.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    check(f"{page.name}: 390 px wide, nothing sticks out", overflow <= 0, f"{overflow} px")
    hidden = browser.evaluate("""(() => {
        document.documentElement.style.scrollBehavior = 'auto';
        document.querySelector('#layers').scrollIntoView();
        const bottom = document.querySelector('#filter').getBoundingClientRect().bottom;
        return bottom - document.querySelector('#layers h2').getBoundingClientRect().top; })()""")
    check(f"{page.name}: 390 px wide, a heading is not below the filter", hidden <= 0, f"{hidden} px")


def main():
    chromium = os.environ.get("NTDRIFT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        pages = []
        for old, new in PAIRS:
            page = folder / f"{old}_{new}.html"
            html = report("html", old, new, page)
            pages.append((page, f"{old} to {new}", json.loads(report("json", old, new, folder / "d.json"))["changes"]))
            digest = base64.b64encode(hashlib.sha256(re.search("<script>(.*?)</script>", html, re.S)[1].encode()).digest())
            check(f"{old} to {new}: the policy names this script and no other",
                  f"script-src 'sha256-{digest.decode()}'\">" in html)
        if failures:
            return 1
        if not chromium:
            print("skipped: no Chromium on this machine")
            return 77
        browser = Browser(chromium, folder / "profile")
        try:
            browser.attach()
            for page, name, changes in pages:
                check_page(browser, page, name, changes)
            for article in sorted((BASELINES.parent / "reports/articles").resolve().glob("*.html")):
                check_article(browser, article)
            check_filter(browser, *pages[1])
            check_media(browser, *pages[1][:2])
        finally:
            browser.close()
    return 1 if failures else 0


sys.exit(main())
