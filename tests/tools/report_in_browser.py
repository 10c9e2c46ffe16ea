#!/usr/bin/env python3
"""The page of `usertags report`, in a headless Chromium that is driven over WebDriver: it renders, its box filters,
hostile texts stay text, nothing is complained of in the console, and nothing is asked of a network.

Usage: report_in_browser.py USERTAGS                        the test; ends with 77 where Chromium is not installed
       report_in_browser.py --screenshots FOLDER PAGE.html  pictures of a page at three widths, light and dark
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

SKIPPED = 77
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what WebDriver calls an element's reference
ENTER = "\ue007"
BACKSPACE = "\ue003"


class Browser:
    """One window of Chromium. Everything is local: a name is resolved nowhere."""

    def __init__(self) -> None:
        self.profile = tempfile.mkdtemp(prefix="usertags-browser-")
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.address = f"http://127.0.0.1:{self._port()}/session"
        answer = self._ask("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
                f"--user-data-dir={self.profile}"]},
        }}})
        self.address += "/" + answer["sessionId"]
        self._ask("POST", "/url", {"url": "about:blank"})
        self.log("performance")   # what it has asked for to show its own first page

    def _port(self) -> int:
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(".\n").rsplit(" ", 1)[1])
        raise RuntimeError("chromedriver did not start")

    def _ask(self, method: str, path: str, body=None):
        request = urllib.request.Request(
            self.address + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def close(self) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, page: pathlib.Path) -> None:
        self._ask("POST", "/url", {"url": page.as_uri()})

    def run(self, script: str, *arguments):
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def _element(self, selector: str) -> str:
        return "/element/" + self._ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def type(self, selector: str, text: str) -> None:
        self._ask("POST", self._element(selector) + "/value", {"text": text})

    def clear(self, selector: str) -> None:
        self._ask("POST", self._element(selector) + "/clear", {})

    def click(self, selector: str) -> None:
        self._ask("POST", self._element(selector) + "/click", {})

    def texts(self, selector: str) -> list[str]:
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def log(self, kind: str) -> list[dict]:
        return self._ask("POST", "/se/log", {"type": kind})

    def devtools(self, command: str, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look_as(self, width: int, scheme: str, height: int = 900) -> None:
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=width < 500)
        # Without motion, nothing scrolls away from a click.
        self.devtools("Emulation.setEmulatedMedia", media="",
                      features=[{"name": "prefers-color-scheme", "value": scheme},
                                {"name": "prefers-reduced-motion", "value": "reduce"}])

    def screenshot(self, file: pathlib.Path) -> None:
        image = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(image["data"]))

    def pdf(self) -> bytes:
        return base64.b64decode(self.devtools("Page.printToPDF", printBackground=True)["data"])


HOSTILE_IDS = [
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "https://example.com/'\"><img src=x onerror=window.hacked=1>",
    "x" * 255,
]
HOSTILE_VALUES = [
    "<img src=x onerror=window.hacked=1>",
    "\"' onfocus=window.hacked=1 autofocus x='",
    "javascript&colon;alert(1)",
    "{{constructor.constructor('window.hacked=1')()}}",
    "back\\slash \\u0041",
    "👩‍👩‍👧 שלום مرحبا",
    "v" * 200,
    "",
]
HIDDEN = {"line\u2028separator \u202eesrever": "line\\u2028separator \\u202eesrever",
          "tab\tand\nnewline": "tab\\tand\\nnewline"}

TOO_WIDE = """
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > width)
    .map((e) => `${e.tagName}.${e.getAttribute('class')}`)];
"""
CONTRAST = """
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(color)) return color;
    }
  };
  const poor = new Set();
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (element.closest('.hidden, .skip, title, script, noscript, details')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [element.closest('svg') ? style.fill : style.color, behind(element)].map(luminance);
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) poor.add(`${element.tagName}.${element.getAttribute('class')} ${contrast.toFixed(2)}`);
  }
  return [...poor];
"""


def make_store(usertags: str, store: pathlib.Path) -> None:
    """Revision 1 to 75: hostile users, and 60 plain ones; one is changed, with a hostile note."""
    def tags(**pairs):
        return [{"key": key, "value": value} for key, value in pairs.items()]

    users = [{"external_id": name, "tags": tags(kind="hostile")} for name in HOSTILE_IDS]
    for number, value in enumerate(HOSTILE_VALUES + list(HIDDEN)):
        users.append({"external_id": f"hostile-{number}",
                      "tags": tags(kind="hostile", value=value, **{"<b>key<b>": "bold"})})
    users += [{"external_id": f"user-{number}",
               "tags": tags(tier="gold" if number % 3 == 0 else "silver", seats=str(number), city="New York")}
              for number in range(60)]
    lines = "\n".join(json.dumps(user) for user in users)
    subprocess.run([usertags, "load", store, "-", "--format", "jsonl", "--init"], input=lines.encode(), check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([usertags, "apply", store, "user-7", "--set", "tier=gold", "--delete", "city", "--note",
                    "</td><script>window.hacked = 1</script>"], check=True, stdout=subprocess.DEVNULL)


class ReportInBrowser(unittest.TestCase):
    usertags = ""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        store = pathlib.Path(cls.folder.name, "<i>users&amp;.db")
        make_store(cls.usertags, store)
        cls.page = pathlib.Path(cls.folder.name, "page.html")
        subprocess.run([cls.usertags, "report", store, "-o", cls.page], check=True, stdout=subprocess.DEVNULL)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        self.browser.look_as(1440, "light")
        self.browser.open(self.page)

    def tearDown(self) -> None:
        self.assertEqual(self.browser.log("browser"), [])
        asked = [event["params"]["request"]["url"]
                 for event in (json.loads(entry["message"])["message"] for entry in self.browser.log("performance"))
                 if event["method"] == "Network.requestWillBeSent"]
        self.assertEqual(set(asked) - {self.page.as_uri()}, set())
        self.assertIsNone(self.browser.run("return window.hacked || null"))

    def find(self, query: str) -> list[str]:
        self.browser.clear("#find")
        self.browser.type("#find", query or "x" + BACKSPACE)
        return self.browser.texts(".people th[scope=row] bdi")

    def test_renders(self) -> None:
        browser = self.browser
        self.assertEqual(browser.texts("h1"), ["<i>users&amp;.db"])
        self.assertEqual(browser.texts("h2"), ["Users over time", "Coverage of keys", "Values of each key",
                                               "How keys go together", "Changes over time", "Users"])
        self.assertEqual(browser.texts(".facts dd")[0], "74")
        self.assertEqual(browser.texts("#found"), ["74 users, the first 50 shown"])
        self.assertEqual(len(browser.texts(".people tbody tr")), 50)
        self.assertEqual(browser.texts(".log tbody tr:first-child li"), ["city=New York", "tier=silver gold"])
        for box in browser.run("return [...document.querySelectorAll('svg, .matrix')].map((e) => {"
                               "const box = e.getBoundingClientRect(); return [box.width, box.height]})"):
            self.assertGreater(min(box), 0)

    def test_box_filters(self) -> None:
        self.assertEqual(len(self.find("tier=gold")), 21)
        self.assertEqual(self.browser.texts("#found"), ["21 of 74 users match"])
        self.assertEqual(self.find("TIER=Gold seats=7"), ["user-7"])
        self.assertEqual(self.find("tier=gol"), [])
        self.assertEqual(len(self.find("tier=gol*")), 21)
        self.assertEqual(len(self.find('city="new york" !tier=gold')), 39)
        self.assertEqual(len(self.find('"new york" tier=gold')), 20)
        self.assertEqual(self.find("!city user-"), ["user-7"])
        self.assertEqual(len(self.find('value=""')), 1)
        self.assertEqual(self.find("user-5"), ["user-5"] + [f"user-{n}" for n in range(50, 60)])
        for unfinished in ['"', '!', '=', 'tier=', 'tier="', '"a=', '!tier=', '\\', '*']:
            self.find(unfinished)
        self.assertEqual(len(self.find("")), 50)

    def test_values_lead_to_their_users(self) -> None:
        self.browser.click("a[data-value='gold']")
        self.assertEqual(self.browser.run("return document.getElementById('find').value"), "tier=gold")
        self.assertEqual(self.browser.texts("#found"), ["21 of 74 users match"])
        links = self.browser.run("return [...document.querySelectorAll('a[data-key]')].map((link) => {"
                                 "link.click(); return [link.closest('tr').children[1].textContent,"
                                 "document.getElementById('found').textContent.split(' ')[0]]})")
        self.assertGreater(len(links), 10)
        for users, found in links:
            self.assertEqual(users, found)

    def test_works_by_keyboard(self) -> None:
        self.browser.type("#more", ENTER)
        self.assertEqual(len(self.browser.texts(".people tbody tr")), 74)
        self.assertEqual(self.browser.run("return document.activeElement.querySelector('bdi').textContent"), "user-36")
        self.assertTrue(self.browser.run("return document.getElementById('more').hidden"))

    def test_hostile_texts_stay_text(self) -> None:
        self.find("kind=hostile")
        names = self.browser.texts(".people th[scope=row] bdi")
        self.assertEqual(names[:len(HOSTILE_IDS)], HOSTILE_IDS)
        values = self.browser.run("return [...document.querySelectorAll('.people li')].map((e) => e.textContent)"
                                  ".filter((text) => text.startsWith('value=')).map((text) => text.slice(6))")
        self.assertEqual(values, HOSTILE_VALUES + list(HIDDEN.values()))
        self.assertEqual(self.browser.run("return document.querySelectorAll('img, b:not(.legend b)').length"), 0)
        self.assertEqual(len(self.browser.texts("script")), 2)
        self.assertEqual(self.browser.texts(".note"), ["</td><script>window.hacked = 1</script>"])

    def test_runs_no_script_but_its_own(self) -> None:
        self.browser.run("const made = document.createElement('script'); made.textContent = 'window.hacked = 2';"
                         "document.body.append(made)")
        self.assertIsNone(self.browser.run("return window.hacked || null"))
        complaints = self.browser.log("browser")
        self.assertEqual(len(complaints), 1)
        self.assertIn("Content Security Policy", complaints[0]["message"])

    def test_everything_has_a_name(self) -> None:
        for what in ("table:not(:has(caption)):not(details table)", "svg:not([aria-label]):not([aria-hidden])",
                     "th:not([scope])", "section:not([aria-label]):not([aria-labelledby])", "input:not([id])"):
            self.assertEqual(self.browser.texts(what), [], what)
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('[aria-labelledby], [aria-describedby],"
                                          " label, a[href]')].filter((e) => { const id = e.getAttribute("
                                          "'aria-labelledby') || e.getAttribute('aria-describedby') || e.htmlFor ||"
                                          " e.hash.slice(1); return !document.getElementById(id)}).length"), 0)
        self.assertEqual(self.browser.run("return new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
                                          " === document.querySelectorAll('[id]').length"), True)

    def test_fits_every_width_and_can_be_read_in_light_and_dark(self) -> None:
        for scheme in ("light", "dark"):
            for width in (320, 390, 800, 1440):
                self.browser.look_as(width, scheme)
                too_wide = self.browser.run(TOO_WIDE)
                self.assertEqual(too_wide, [], f"{scheme} {width}")
                self.assertEqual(self.browser.run(CONTRAST), [], f"{scheme} {width}")

    def test_prints(self) -> None:
        self.assertTrue(self.browser.pdf().startswith(b"%PDF-"))


def take_screenshots(folder: pathlib.Path, page: pathlib.Path) -> None:
    browser = Browser()
    try:
        for scheme in ("light", "dark"):
            for width in (390, 800, 1440):
                browser.look_as(width, scheme)
                browser.open(page.resolve())
                browser.screenshot(folder / f"{width}-{scheme}.png")
        (folder / "paper.pdf").write_bytes(browser.pdf())
    finally:
        browser.close()


if __name__ == "__main__":
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        print("skipped: chromium and chromedriver are not installed (tools/install-packages browser)")
        sys.exit(SKIPPED)
    if sys.argv[1] == "--screenshots":
        take_screenshots(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        ReportInBrowser.usertags = sys.argv.pop(1)
        unittest.main()
