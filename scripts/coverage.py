# SPDX-License-Identifier: MIT
"""Which lines and branches of the library a test run has taken: coverage.py ROOT BUILD...

Counts of all builds, and within a build of all objects that a file was compiled into, are added up
by line. Branches are added up where a line has as many of them; where it has not, its conditions
differ (a constant of the platform stood in them), and each form has to be taken by itself.

What is not taken has to stand in tests/coverage/exceptions.txt with its reason, and what stands
there must not be taken.
"""

import collections
import json
import os
import subprocess
import sys

FOLDERS = ("src/", "include/")
EXCEPTIONS = "tests/coverage/exceptions.txt"
AT_ONCE = 40  # notes files a call of gcov


class Line:
    def __init__(self):
        self.function = ""
        self.count = 0
        self.forms = {}  # number of branches -> how often each was taken


def notes_files(build):
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)


def gcov(notes):
    command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    for text in run.stdout.decode().splitlines():
        if text:
            yield json.loads(text)


def check_age(source, notes):
    if os.path.getmtime(source) > os.path.getmtime(notes):
        sys.exit(f"{source}: changed since {notes} was made of it")


def add_line(lines, found):
    line = lines.setdefault(found["line_number"], Line())
    line.function = found.get("function_name") or line.function
    line.count += found["count"]
    counts = [branch["count"] for branch in found["branches"]]
    if counts:
        sums = line.forms.setdefault(len(counts), [0] * len(counts))
        line.forms[len(counts)] = [a + b for a, b in zip(sums, counts)]


def measure(root, builds):
    """{file: {number: Line}} of the library's files."""
    files = collections.defaultdict(dict)
    for build in builds:
        notes = sorted(notes_files(build))
        if not notes:
            sys.exit(f"{build}: was not built to count")
        for first in range(0, len(notes), AT_ONCE):
            for result in gcov(notes[first:first + AT_ONCE]):
                here = result["current_working_directory"]
                for file in result["files"]:
                    path = os.path.join(here, file["file"])
                    name = os.path.relpath(os.path.realpath(path), root)
                    if not name.startswith(FOLDERS):
                        continue
                    check_age(path, result["data_file"])
                    for found in file["lines"]:
                        add_line(files[name], found)
    return files


# --- the table ---


class Sum:
    def __init__(self):
        self.lines = self.lines_taken = self.branches = self.branches_taken = 0

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def row(self, name):
        return (f"{name:<32}{self.lines_taken:>6}/{self.lines:<6}"
                f"{percent(self.lines_taken, self.lines):>7}"
                f"{self.branches_taken:>8}/{self.branches:<6}"
                f"{percent(self.branches_taken, self.branches):>7}")


def percent(part, whole):
    # Rounded down: 100 % is all of it.
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "-"


def sum_of(lines):
    total = Sum()
    for line in lines.values():
        total.lines += 1
        total.lines_taken += line.count > 0
        for counts in line.forms.values():
            total.branches += len(counts)
            total.branches_taken += sum(count > 0 for count in counts)
    return total


def print_table(files):
    print(f"{'':<32}{'lines':>8}{'branches':>25}")
    total = Sum()
    for name in sorted(files):
        part = sum_of(files[name])
        total.add(part)
        print(part.row(name))
    print(total.row("total"))


# --- what is missing, and what of it is excepted ---

# A line that was not reached ("line"), or ways out of it that were not taken ("1/4"). By text, since
# numbers move; a text that stands in a function more than once is counted: "return error; (2)".
Missing = collections.namedtuple("Missing", "file function what text")


def texts_of(lines, source):
    """{number: text} of the lines that are counted."""
    texts = {n: " ".join(source[n - 1].split()) for n in sorted(lines)}
    same = collections.defaultdict(list)
    for number, text in texts.items():
        same[lines[number].function, text].append(number)
    for numbers in same.values():
        for rank, number in enumerate(numbers, 1):
            if len(numbers) > 1:
                texts[number] += f" ({rank})"
    return texts


def missing_of(name, lines, source):
    texts = texts_of(lines, source)
    for number, text in texts.items():
        line = lines[number]
        if line.count == 0:
            yield Missing(name, line.function, "line", text)
            continue
        for size, counts in sorted(line.forms.items()):
            untaken = sum(count == 0 for count in counts)
            if untaken > 0:
                yield Missing(name, line.function, f"{untaken}/{size}", text)


def all_missing(root, files):
    found = []
    for name in sorted(files):
        with open(os.path.join(root, name), encoding="utf-8") as file:
            found += missing_of(name, files[name], file.read().splitlines())
    return found


def read_exceptions(path):
    """{Missing: reason}; those of what is not taken in every run have "any" for what."""
    excepted = {}
    reason = file = function = ""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if words[0] == "reason:":
                reason = " ".join(words[1:])
            elif line.startswith("        "):
                reason += " " + " ".join(words)
            elif line.startswith("    "):
                entry = Missing(file, function, words[0], " ".join(words[1:]))
                if entry in excepted or not reason or not file:
                    sys.exit(f"{path}:{number}: twice, or without a reason or a file")
                excepted[entry] = reason
            else:
                file, function = words if len(words) == 2 else (words[0], "")
    return excepted


def print_entries(entries):
    place = None
    for entry in entries:
        if place != (entry.file, entry.function):
            place = (entry.file, entry.function)
            print(*place)
        print(f"    {entry.what:<5} {entry.text}")


def compare(missing, excepted):
    """Whether what is missing is what is excepted."""
    used = set()
    new = []
    for entry in missing:
        sometimes = entry._replace(what="any")
        if entry in excepted or sometimes in excepted:
            used.add(entry if entry in excepted else sometimes)
        else:
            new.append(entry)
    stale = [e for e in excepted if e not in used and e.what != "any"]
    if new:
        print(f"\nnot taken, and not in {EXCEPTIONS}:\n")
        print_entries(new)
    if stale:
        print(f"\nin {EXCEPTIONS}, but taken or gone:\n")
        print_entries(stale)
    reasons = collections.Counter(excepted[e] for e in used)
    print("\nnot taken for a reason, places:")
    for reason, count in reasons.most_common():
        print(f"{count:>6}  {reason}")
    return not new and not stale


def main(root, *builds):
    root = os.path.realpath(root)
    files = measure(root, builds)
    print_table(files)
    excepted = read_exceptions(os.path.join(root, EXCEPTIONS))
    return 0 if compare(all_missing(root, files), excepted) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
