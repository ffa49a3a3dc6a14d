#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Renders README, guide, documents, manual pages and plots into a folder of plain HTML pages.

site.py FOLDER. Pages of Markdown go through cmark-gfm, manual pages through mandoc. What they refer to
in the project is copied: pictures as they are, sources as pages. Then every link and every anchor is
followed; one that leads nowhere fails.
"""
import html
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STYLE = ROOT / "docs" / "site.css"
PAGES = ["*.md", "docs/*.md", "docs/guide/*.md",
         "fuzz/README.md", "tests/README.md", "bench/results/tables.md", "bench/lines/README.md"]
SOURCES = ["include/*.h", "include/*.hpp", "include/mio/*.h", "include/mio/*.hpp", "examples/*.[ch]", "bench/results/*.json",
           "bench/results/goals.txt", "LICENSE"]
FOLDERS = ["include/mio", "examples", "bench/results"]  # with a page that lists them
MENU = [("libmio", "index.html"), ("Guide", "docs/guide/index.html"), ("Manual", "man/mio.7.html"),
        ("Contract", "docs/contract.html"), ("Figures", "docs/performance.html"),
        ("Headers", "include/mio/index.html")]


def glob(patterns):
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def page_of(path):
    """Where in the site the page of a file or folder of the project is."""
    relative = path.relative_to(ROOT).as_posix()
    if relative == "README.md":
        return "index.html"
    if path.is_dir():
        return relative + "/index.html"
    if path.name == "README.md":
        return relative[:-len("README.md")] + "index.html"
    return relative[:-3] + ".html" if path.suffix == ".md" else relative + ".html"


def heading_id(text, taken):
    """As code hosts make it, so that the anchors in the documents hold in both places."""
    text = html.unescape(re.sub(r"<[^>]*>", "", text)).lower()
    base = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def render(markdown):
    command = ["cmark-gfm", "-e", "table", "-e", "autolink"]
    text = subprocess.run(command, input=markdown, capture_output=True, text=True, check=True).stdout
    taken = set()

    def with_id(match):
        return f'<h{match[1]} id="{heading_id(match[2], taken)}">{match[2]}</h{match[1]}>'

    text = re.sub(r"<h([1-6])>(.*?)</h\1>", with_id, text, flags=re.S)
    text = text.replace("<!-- raw HTML omitted -->\n", "")
    # What is one word stays on one line: -EAGAIN is not divided after its sign.
    text = re.sub(r"<code>([^\s<]{1,28})</code>", r'<code class="word">\1</code>', text)
    # Tables and code scroll by themselves, where the page is narrow.
    text = text.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    side = r"(<h3[^>]*>.*?</h3>\s*<pre>.*?</pre>)"
    return re.sub(side + r"\s*" + side, r'<div class="beside"><section>\1</section><section>\2</section></div>',
                  text, count=1, flags=re.S)


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.pages = set()
        self.wanted = set()  # what pages refer to, in the project

    def write(self, name, title, body, kind=""):
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * name.count("/")
        menu = " ".join(
            f'<a href="{up}{href}"{" class=here" if href == name else ""}>{text}</a>' for text, href in MENU)
        target.write_text(
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<title>{html.escape(title)}</title>\n<link rel="stylesheet" href="{up}site.css">\n'
            f'</head>\n<body class="{kind}">\n<nav>{menu}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n')
        self.pages.add(name)

    def target_of(self, source, link):
        """A link as the site has it, of one that a file of the project has."""
        if re.match(r"[a-z]+:", link) or link.startswith("#"):
            return link
        place, mark, anchor = link.partition("#")
        path = (source.parent / place).resolve()
        if not path.exists() or ROOT not in path.parents:
            return link  # found to lead nowhere, below
        self.wanted.add(path)
        name = path.relative_to(ROOT).as_posix() if path.suffix == ".svg" else page_of(path)
        return os.path.relpath(name, os.path.dirname(page_of(source)) or ".") + mark + anchor

    def add_markdown(self, source):
        text = source.read_text()
        title = re.search(r"^# (.*)$", text, re.M)[1].strip("`")
        body = re.sub(r'(href|src)="([^"]*)"',
                      lambda m: f'{m[1]}="{html.escape(self.target_of(source, html.unescape(m[2])))}"',
                      render(text))
        self.write(page_of(source), title if source.name == "README.md" else f"{title} – libmio", body)

    def add_source(self, source):
        name = source.relative_to(ROOT).as_posix()
        text = html.escape(source.read_text())
        self.write(page_of(source), name, f"<h1>{name}</h1>\n<pre><code>{text}</code></pre>\n", "source")

    def add_wanted(self):
        """Pages of all that pages refer to, and of what those refer to."""
        while self.wanted:
            path = self.wanted.pop()
            if path.suffix == ".svg" or page_of(path) in self.pages:
                continue
            readme = path / "README.md"
            if path.is_dir() and readme.exists():
                self.add_markdown(readme)
            elif path.is_dir():
                for source in sorted(path.iterdir()):
                    if source.is_file() and page_of(source) not in self.pages:
                        self.add_source(source)
                self.add_folder(path.relative_to(ROOT).as_posix())
            elif path.suffix == ".md":
                self.add_markdown(path)
            else:
                self.add_source(path)

    def add_folder(self, name):
        items = [path for path in sorted((ROOT / name).iterdir()) if page_of(path) in self.pages]
        rows = "".join(f'<li><a href="{os.path.relpath(page_of(path), name)}">{path.name}</a></li>\n'
                       for path in items)
        self.write(name + "/index.html", name, f"<h1>{name}</h1>\n<ul>\n{rows}</ul>\n")

    def add_manual(self, pages):
        names = {page.name for page in pages}
        listed = "".join(f'<a href="{name}.html">{name[:-2]}</a> ' for name in sorted(names))
        for page in pages:
            options = "fragment,man=%N.%S.html,includes=../include/%I.html"
            text = subprocess.run(["mandoc", "-Thtml", "-O", options, str(page)], capture_output=True,
                                  text=True, check=True).stdout
            # Only the manual's own pages are here; another's is a name.
            text = re.sub(r'<a class="Xr" href="([^"]*)\.html">(.*?)</a>',
                          lambda m: m[0] if m[1] in names else f'<span class="Xr">{m[2]}</span>', text)
            text = re.sub(r'<a class="In" href="\.\./([^"]*)">(.*?)</a>',
                          lambda m: m[0] if m[1] in self.pages else m[2], text)
            text = re.sub(r'<table class="(head|foot)">.*?</table>', "", text, flags=re.S)
            text = re.sub(r"<(/?)h1", r"<\1h2", text)
            name = f"{page.stem}({page.suffix[1:]})"
            self.write(f"man/{page.name}.html", f"{name} – libmio",
                       f'<h1>{name}</h1>\n{text}<p class="all">All pages: {listed}</p>\n', "manual")

    def add_plots(self):
        for plot in glob(["bench/results/*.svg"]):
            target = self.folder / plot.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(plot.read_bytes())

    def check(self):
        """Each link of each page leads to a file, and to an anchor in it. Returns the number of links."""
        texts = {name: (self.folder / name).read_text() for name in self.pages}
        ids = {name: set(re.findall(r'\bid="([^"]*)"', text)) for name, text in texts.items()}
        links, lost = 0, []
        for name, text in texts.items():
            for link in re.findall(r'(?:href|src)="([^"]*)"', text):
                if re.match(r"[a-z]+:", link):
                    continue
                links += 1
                place, _, anchor = html.unescape(link).partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(name), place)) if place else name
                if not (self.folder / target).is_file() or (anchor and anchor not in ids[target]):
                    lost.append(f"{name}: {link}")
        if lost:
            sys.exit("links that lead nowhere:\n" + "\n".join(sorted(lost)))
        return links


def main():
    site = Site(Path(sys.argv[1]).resolve())
    site.folder.mkdir(parents=True, exist_ok=True)
    (site.folder / "site.css").write_text(STYLE.read_text())
    for source in glob(PAGES):
        site.add_markdown(source)
    for source in glob(SOURCES):
        site.add_source(source)
    for name in FOLDERS:
        site.add_folder(name)
    site.add_wanted()
    site.add_manual(glob(["docs/man/*.[0-9]"]))
    site.add_plots()
    print(f"{len(site.pages)} pages, {site.check()} links: {site.folder}/index.html")


main()
