# SPDX-License-Identifier: GPL-2.0-only
"""Pictures of a report for people who want to see one: light.png, dark.png, narrow.png.

screenshots.py REPORT.html DIRECTORY
"""

import os
import sys

from devtools import Browser


def main():
    page_file, directory = sys.argv[1:3]
    with Browser() as browser:
        for name, width, height, dark in (("light", 1280, 1400, False), ("dark", 1280, 1400, True),
                                          ("narrow", 390, 1700, False)):
            page = browser.page(width=width, height=height, dark=dark)
            page.open(page_file)
            page.wait_for("document.querySelector('.map .words').textContent.includes('pageblocks')")
            if name == "dark":  # its lower half: the map and an explanation
                page.run("document.querySelector('.failure').open = true")
                page.run("scrollTo(0, document.querySelector('.map').getBoundingClientRect().top - 60)")
                page.run("new Promise((done) => setTimeout(done, 200))")
            page.screenshot(os.path.join(directory, f"{name}.png"))


main()
