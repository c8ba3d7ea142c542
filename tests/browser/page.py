# SPDX-License-Identifier: GPL-2.0-only
"""What a person does with the report's page, done by a headless Chromium. Prints TAP.

page.py ZONEREPLAY DIRECTORY: the directory holds r.db and takes what is made of it.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import zlib

from devtools import Browser

HERE = os.path.dirname(os.path.abspath(__file__))
# Every way out of text that a page knows, what cannot be seen, and what turns the text around it.
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"'>&lt;\x07\u202etxt"
SHOWN = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"'>&lt;\\x07\\u202etxt"


def report(program, directory, db, name="page.html"):
    page = os.path.join(directory, name)
    subprocess.run([program, "report", "-d", db, "-o", page], check=True)
    return page


def altered(directory, name, statements):
    """A copy of the results with something done to it."""
    db = os.path.join(directory, name)
    shutil.copy(os.path.join(directory, "r.db"), db)
    connection = sqlite3.connect(db)
    for statement, *values in statements:
        connection.execute(statement, *values)
    connection.commit()
    connection.close()
    return db


def picture(page, view=0, which=0):
    """The canvas as text, after the page has had the time to draw."""
    return page.run(f"""new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
        done(document.querySelectorAll(".map")[{which}].querySelectorAll("canvas")[{view}].toDataURL()))))""")


def ready(page, which=0):
    page.wait_for(f"document.querySelectorAll('.map')[{which}].querySelector('.words').textContent.includes('pageblocks')")


def slider_to(page, moment, which=0):
    page.run(f"""(() => {{ const slider = document.querySelectorAll(".map")[{which}].querySelector("input");
        slider.value = {moment}; slider.dispatchEvent(new Event("input")); }})()""")


def value(page):
    return int(page.run("document.querySelector('.map input').value"))


def complaints(page):
    return page.events("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled",
                       "Page.javascriptDialogOpening")


# ---- the tests ----

def opens_quietly(t):
    page = t.browser.page()
    seconds = page.open(t.page)
    ready(page)
    print(f"# opened in {seconds:.2f} s")
    asked = [e["request"]["url"] for e in page.events("Network.requestWillBeSent")]
    assert asked == ["file://" + os.path.abspath(t.page)], f"asked for {asked}"
    assert not complaints(page), f"the browser complains: {complaints(page)}"
    assert page.run("document.querySelectorAll('svg[role=img]').length") >= 5, "too few charts"


def the_mouse_scrubs(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    page.run("document.querySelector('.map .scrubber').scrollIntoView()")
    before, was = picture(page), value(page)
    x, y, width, height = page.run("""(() => { const r = document.querySelector('.map input').getBoundingClientRect();
        return [r.x, r.y, r.width, r.height]; })()""")
    page.mouse("mousePressed", x + width / 2, y + height / 2)
    page.mouse("mouseMoved", x + width - 4, y + height / 2)
    page.mouse("mouseReleased", x + width - 4, y + height / 2)
    assert value(page) > was, "the slider stayed where it was"
    assert picture(page) != before, "the picture stayed as it was"


def the_keyboard_scrubs(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    page.run("document.querySelector('.map input').focus()")
    was = value(page)
    page.key("ArrowRight", 39)
    assert value(page) == was + 1, f"from {was} to {value(page)} with an arrow key"
    page.key("Home", 36)
    assert value(page) == 0, "Home does not go to the first moment"
    before, words = picture(page), page.run("document.querySelector('.map .words').textContent")
    page.key("End", 35)
    assert picture(page) != before, "the picture stayed as it was"
    assert page.run("document.querySelector('.map .words').textContent") != words, "the words stayed as they were"
    assert "pageblocks" in page.run("document.querySelector('.map input').getAttribute('aria-valuetext')"), \
        "a screen reader hears nothing"


def another_policy_another_picture(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    slider_to(page, 10 ** 6)  # the end
    before = picture(page)
    page.run("document.querySelector('.map select').focus()")
    page.key("Home", 36)  # none, which gets no huge page: it is not the one that is shown first
    page.wait_for("document.querySelector('.map select').value === '0'")
    page.wait_for("document.querySelector('.map .words').textContent.includes('So far 0 pages were migrated')")
    assert picture(page) != before, "the picture stayed as it was"


def unpacked(row):
    """Counts of a stored map, moment by moment, by other code than the page's."""
    data, blocks, moments = row
    state, counts = bytearray(2 * blocks), []
    changes = zlib.decompress(data)
    for moment in range(moments):
        for i in range(2 * blocks):
            state[i] ^= changes[moment * 2 * blocks + i]
        real = [b for b in range(blocks) if not state[b] & 0x80]
        counts.append((len(real), sum(state[b] >> 3 & 7 == 7 for b in real), sum(state[b] >> 6 & 1 for b in real),
                       sum(state[blocks + b] & 7 > 0 for b in real)))
    return counts


def the_words_are_what_is_stored(t):
    connection = sqlite3.connect(os.path.join(t.directory, "r.db"))
    row = connection.execute("""SELECT data, blocks, moments FROM block_maps JOIN runs USING (run) JOIN captures
        USING (capture) WHERE name = 'hugealloc-6.1' AND policy = 'compaction'""").fetchone()
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    page.run("""(() => { const choice = document.querySelector(".map select");
        choice.value = [...choice.options].find((o) => o.text.startsWith("compaction")).value;
        choice.dispatchEvent(new Event("change")); })()""")
    for moment in (0, row[2] // 2, row[2] - 1):
        slider_to(page, moment)
        picture(page)
        words = page.run("document.querySelector('.map .words').textContent")
        blocks, free, huge, unmovable = unpacked(row)[moment]
        expected = f"Of {blocks} pageblocks {free} are wholly free and {huge} hold a huge page; {unmovable} have"
        assert words.startswith(expected), f'moment {moment}: "{words}", not "{expected}"'


def the_scanners_are_seen(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    count = """(() => { const style = getComputedStyle(document.documentElement);
        const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        probe.fillStyle = style.getPropertyValue("--map-migrate-scanner").trim();
        probe.fillRect(0, 0, 1, 1);
        const want = probe.getImageData(0, 0, 1, 1).data;
        const canvas = document.querySelector(".map canvas");
        const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let n = 0;
        for (let i = 0; i < all.length; i += 4)
            n += all[i] === want[0] && all[i + 1] === want[1] && all[i + 2] === want[2];
        return n; })()"""
    runs = page.run("""JSON.parse(document.querySelector(".map script").textContent)[
        Number(document.querySelector(".map select").value)].scans""")
    assert runs, "no compaction in this run"
    slider_to(page, 0)
    picture(page)
    assert page.run(count) == 0, "a scanner where none was"
    slider_to(page, runs[-1]["moment"])
    picture(page)
    assert page.run(count) > 0, "no scanner is drawn"
    assert "migrate scanner" in page.run("document.querySelector('.map .words').textContent"), "no word of it"


def a_block_tells_what_is_in_it(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    page.run("document.querySelector('.map canvas').focus()")
    before = picture(page)
    page.key("ArrowRight", 39)
    assert picture(page) != before, "no cursor is drawn"
    first = page.run("document.querySelector('.map .block').textContent")
    assert first.startswith("Pageblock 0,"), first
    x, y = page.run("""(() => { const r = document.querySelector('.map canvas').getBoundingClientRect();
        return [r.x + 60, r.y + 25]; })()""")
    page.mouse("mouseMoved", x, y)
    page.wait_for("document.querySelector('.map .block').textContent.startsWith('Pageblock 2,')")


def contrast_is_sufficient(t):
    with open(os.path.join(HERE, "contrast.js"), encoding="utf-8") as source:
        measure = source.read()
    path = report(t.program, t.directory, with_failures(t, "contrast.db", "dd"), "contrast.html")
    for dark in (False, True):
        page = t.browser.page(dark=dark)
        page.open(path)
        ready(page)
        found = page.run(measure)
        assert found["looked"] > 500, f"only {found['looked']} pieces of text were looked at"
        assert not found["poor"], f"{'dark' if dark else 'light'}: {'; '.join(found['poor'][:5])}"
        page.run("""document.querySelector('main').insertAdjacentHTML('beforeend',
            '<p style="color: #808080; background: #999">x</p>')""")
        assert len(page.run(measure)["poor"]) == 1, "poor contrast is not noticed"


def hostile_names_do_nothing(t):
    connection = sqlite3.connect(with_failures(t, "hostile.db", HOSTILE))
    for statement, values in [
        ("UPDATE captures SET name = ?, release = ?, arch = ?", (HOSTILE,) * 3),
        ("UPDATE zones SET name = substr(?, 1, 15)", (HOSTILE,)),
        ("UPDATE provenance SET command = ?, program = substr(?, 1, 60)", (HOSTILE,) * 2),
        ("UPDATE runs SET assumption = substr(?, 1, 60), params = params || ',x=' || ?", (HOSTILE,) * 2),
    ]:
        connection.execute(statement, values)
    connection.commit()
    connection.close()
    db = os.path.join(t.directory, "hostile.db")
    page = t.browser.page()
    page.open(report(t.program, t.directory, db, "hostile.html"))
    ready(page)
    assert page.run("window.hacked === undefined"), "a name was run as a script"
    assert not complaints(page), f"the browser complains: {complaints(page)}"
    assert page.run("document.querySelector('h2').textContent") == SHOWN, \
        page.run("document.querySelector('h2').textContent")
    assert page.run("document.querySelectorAll('img').length") == 0, "a name became an element"
    page.run("document.querySelector('.failure').open = true")
    assert f"Fragmentation, says {SHOWN}." in page.run("document.querySelector('.failure').textContent"), \
        "an explanation does not show the name"
    for form in ("txt", "md", "csv"):
        subprocess.run([t.program, "report", "-d", db, "-o", f"{t.directory}/hostile.{form}"], check=True)
        with open(f"{t.directory}/hostile.{form}", encoding="utf-8") as text:
            words = text.read()
        assert "\\x07\\u202e" in words.replace("\\\\", "\\"), f"{form}: the name is not spelled out"
        assert not set("\x07\u202e") & set(words), f"{form}: control characters"
        assert form != "md" or "<script" not in words.replace("\\<", ""), f"{form}: <script is not escaped"


def explained(comm):
    """As `run --explain` keeps it (src/store/SCHEMA.md)."""
    page = {"order": 0, "kind": "slab", "movable": "not movable", "before_recording": False, "pid": 7, "comm": comm,
            "gfp": "GFP_KERNEL", "since": 3 * 10 ** 9}
    return json.dumps({
        "text": f"Fragmentation, says {comm}.",
        "zones": [{"zone": "DMA32", "allowed": True, "free": 4105, "free_blocks": {"Movable": [8, 9, 12]}}],
        "decisions": [{"what": "said", "text": "compacts lightly"}],
        "block": {"pfn": 35328, "zone": "DMA32", "type": "Movable", "free": 509, "movable": 0, "unmovable": 3},
        "blockers": [dict(page, pfn=35328), dict(page, pfn=35330), dict(page, pfn=35335, comm="other")],
        "proof": {"sufficient": True, "minimal": True, "left_out_one_at_a_time": 3},
        "ways_out": [{"text": "free the pages", "works": True, "pages_freed": 3}, {"text": "pray", "works": False}],
    })


def with_failures(t, name, comm):
    return altered(t.directory, name, [(
        """INSERT INTO failures SELECT run, n, 0, n * 1000000000, 9, 42, substr(?, 1, 19), 'fragmented', ?
           FROM runs, (SELECT 5 AS n UNION SELECT 6) WHERE policy = 'compaction'""", (comm, explained(comm)))])


def an_explanation_opens(t):
    page = t.browser.page()
    page.open(report(t.program, t.directory, with_failures(t, "failures.db", "dd"), "failures.html"))
    shown = "document.querySelectorAll('.failure')[{}].innerText.includes('Fragmentation, says dd.')"
    page.run("document.querySelector('.failure').scrollIntoView()")
    assert not page.run(shown.format(0)), "it is open from the beginning"
    x, y = page.run("""(() => { const r = document.querySelector('.failure summary').getBoundingClientRect();
        return [r.x + 40, r.y + r.height / 2]; })()""")
    page.click(x, y)
    page.wait_for(shown.format(0))
    words = page.run("document.querySelector('.failure').innerText")
    for want in ("5.000 s: order 9 for dd (pid 42) failed: enough was free, but not in one piece", "frame 0x8a00 in zone DMA32", "0x8a00 0x8a02", "other",
                 "8 9 12", "Proven", "free the pages", "Tried in vain: pray", "compacts lightly"):
        assert want in words, f'no "{want}" in: {words}'
    page.run("document.querySelectorAll('.failure summary')[1].focus()")
    page.key("Enter", 13, text="\r")
    page.wait_for(shown.format(1))


def a_curve_shows_its_dead_zones(t):
    rows = [(0, 600, 40), (601, 601, 39), (602, 1000, 12)]
    figures = "50, {0}, {0}, {0} - 2, {0} + 1, 9, 8, 10, 5, 5, 5, 1, 1, 1, 0, 0, 0, 0"
    db = altered(t.directory, "tuned.db", [
        ("""INSERT INTO tunings SELECT 1, capture, 'kernel', '', '6.1', 1, 3, 500, 0, 0, 1, 1000, 'success', 250,
            'Any value up to 600.', 'zonereplay', 'zonereplay tune', 0 FROM captures WHERE name = 'hugealloc-6.1'""",)] + [
        (f"INSERT INTO tuning_rows VALUES (1, {low}, {high}, 1, '0', '', {figures.format(got)})",)
        for low, high, got in rows])
    page = t.browser.page()
    page.open(report(t.program, t.directory, db, "tuned.html"))
    found = page.run("""(() => { const figure = [...document.querySelectorAll("figure")].find((f) =>
        f.textContent.includes("by vm.extfrag_threshold, policy kernel"));
        return { caption: figure.querySelector("figcaption").textContent,
                 spans: figure.querySelectorAll(".span").length,
                 rules: [...figure.querySelectorAll(".rule + text")].map((e) => e.textContent),
                 table: [...figure.querySelectorAll("tbody tr")].map((e) => e.textContent) }; })()""")
    assert found["spans"] == 2, f"{found['spans']} dead zones"
    assert found["rules"] == ["recorded", "recommended"], found["rules"]
    assert found["table"] == ["0 to 6004038..41", "6013937..40", "602 to 10001210..13"], found["table"]
    assert "Any value up to 600." in found["caption"], found["caption"]


def all_can_be_reached(t):
    page = t.browser.page()
    page.open(t.page)
    ready(page)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    focusable = [n for n in nodes if any(p["name"] == "focusable" and p["value"].get("value")
                                         for p in n.get("properties", []))]
    nameless = [n["role"]["value"] for n in focusable
                if n["role"]["value"] != "RootWebArea" and not n.get("name", {}).get("value")]
    assert len(focusable) > 20, f"only {len(focusable)} things can be focused"
    assert not nameless, f"without a name: {nameless}"
    assert page.run("document.querySelectorAll('[tabindex]:not([tabindex=\"0\"])').length") == 0, \
        "the order of focus is not that of the page"
    charts = page.run("document.querySelectorAll('figure').length")
    tables = page.run("document.querySelectorAll('figure table').length")
    assert charts == tables, f"{charts} charts, {tables} tables of them"


def works_without_script(t):
    page = t.browser.page(script=False)
    page.open(t.page)
    page = t.browser.call("Page.printToPDF", session=page.session)
    assert len(page["data"]) > 20000, "nothing is printed"


def fits_a_narrow_screen(t):
    page = t.browser.page(width=390, height=800)
    page.open(t.page)
    ready(page)
    width = page.run("document.documentElement.scrollWidth")
    assert width == 390, f"the page is {width} wide on a screen of 390"


def large_map(blocks, moments):
    """Of a machine of 24 GB: a hundred pageblocks change from one moment to the next."""
    draw = random.Random(7)
    state = bytearray(draw.choice((0x39, 0x01, 0x11, 0x21, 0x08)) for _ in range(blocks))
    state += bytearray(draw.choice((0, 1, 2, 9)) for _ in range(blocks))
    changes = bytearray(state)
    for _ in range(moments - 1):
        change = bytearray(2 * blocks)
        for _ in range(100):
            change[draw.randrange(blocks)] ^= draw.randrange(8) << 3
        changes += change
    return zlib.compress(bytes(changes), 9)


def a_large_map_is_scrubbed(t):
    blocks, moments = 12000, 200
    values = ", ".join(f"({m}, {m * 10 ** 9})" for m in range(moments))
    db = altered(t.directory, "large.db", [
        ("UPDATE block_maps SET blocks = ?, moments = ?, data = ?", (blocks, moments, large_map(blocks, moments))),
        ("DELETE FROM block_map_moments",),
        (f"""WITH m (moment, time) AS (VALUES {values}) INSERT INTO block_map_moments
            SELECT run, moment, time, 0, 0 FROM block_maps, m""",),
        ("UPDATE block_map_zones SET first_block = 8, last_block = ? WHERE zone = 1", (blocks - 1,)),
    ])
    began = time.monotonic()
    path = report(t.program, t.directory, db, "large.html")
    print(f"# made in {time.monotonic() - began:.2f} s, {os.path.getsize(path)} bytes")
    page = t.browser.page()
    print(f"# opened in {page.open(path):.2f} s")
    ready(page)
    steps = page.run("""(async () => {
        const map = document.querySelector(".map"), slider = map.querySelector("input"), canvas = map.querySelector("canvas");
        const took = [];
        let changed = 0, last = "";
        for (let moment = 100; moment < 140; moment++) {
            slider.value = moment;
            const began = performance.now();
            slider.dispatchEvent(new Event("input"));
            await new Promise((done) => requestAnimationFrame(done));
            took.push(performance.now() - began);
            const picture = canvas.toDataURL();
            changed += picture !== last;
            last = picture;
        }
        took.sort((a, b) => a - b);
        return { median: took[20], most: took[39], changed };
    })()""")
    print(f"# two maps of {blocks} pageblocks: a step of the slider until it is drawn {steps['median']:.0f} ms, "
          f"at most {steps['most']:.0f} ms")
    assert steps["changed"] == 40, f"{steps['changed']} of 40 steps changed the picture"


TESTS = [opens_quietly, the_mouse_scrubs, the_keyboard_scrubs, another_policy_another_picture,
         the_words_are_what_is_stored, the_scanners_are_seen, a_block_tells_what_is_in_it, an_explanation_opens,
         a_curve_shows_its_dead_zones, contrast_is_sufficient, hostile_names_do_nothing, all_can_be_reached,
         works_without_script, fits_a_narrow_screen, a_large_map_is_scrubbed]


class Setting:
    def __init__(self, program, directory, browser):
        self.program, self.directory, self.browser = program, directory, browser
        self.page = report(program, directory, os.path.join(directory, "r.db"))


def main():
    failed = 0
    with Browser() as browser:
        setting = Setting(sys.argv[1], sys.argv[2], browser)
        for number, test in enumerate(TESTS, 1):
            try:
                test(setting)
                verdict = "ok"
            except (AssertionError, RuntimeError, TimeoutError, OSError, subprocess.CalledProcessError) as error:
                print("# " + str(error).replace("\n", "\n# ")[:2000])
                verdict, failed = "not ok", failed + 1
            print(f"{verdict} {number} - {test.__name__.replace('_', ' ')}", flush=True)
    print(f"1..{len(TESTS)}")
    return failed > 0


sys.exit(main())
