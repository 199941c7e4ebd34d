#!/usr/bin/env python3
"""layout_facts.py - layouts of real symbol files, compared: known facts hold, and a count of its
own, made from the files alone, agrees with every difference.

    layout_facts.py NT-ANALYZER NT-DIFFER FOLDER

FOLDER holds Volatility 3 ISF files: ntkrnlmp-BUILD.REVISION-GUIDAGE.json.xz, made from real PDBs,
and nt-BUILD-ARCH.json.xz, made from published type tables. Exit code 77: there is no such folder.
"""

import glob
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile

UNNAMED = re.compile(r"^(__unnamed_|__anonymous_|__enum_|<unnamed-|<anonymous-)")
failures = []


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


class Layout:
    """The types of an ISF, with unnamed ones told apart by what is in them, not by their names."""

    def __init__(self, path):
        with lzma.open(path) as file:
            isf = json.load(file)
        self.structs = isf["user_types"]
        self.enums = isf["enums"]
        self.known = {}
        self.types = {}
        for name, struct in self.structs.items():
            if not UNNAMED.match(name):
                self.types[name] = (struct["kind"], struct["size"], self.members(name, (name,)))
        for name, enum in self.enums.items():
            if not UNNAMED.match(name):
                self.types[name] = ("enum", enum["size"], enum["constants"])

    def content(self, name, within):
        """An unnamed type as a string that says all there is in it."""
        if name in within:
            return "<itself>"
        if name not in self.known:
            if name in self.enums:
                content = ["enum", self.enums[name]["constants"]]
            else:
                struct = self.structs[name]
                content = [struct["kind"], struct["size"], self.members(name, within + (name,))]
            self.known[name] = json.dumps(content, sort_keys=True)
        return self.known[name]

    def text(self, reference, within):
        kind = reference["kind"]
        if kind == "pointer":
            return self.text(reference["subtype"], within) + "*"
        if kind == "array":
            return "%s[%d]" % (self.text(reference["subtype"], within), reference["count"])
        if kind == "bitfield":
            return self.text(reference["type"], within)
        if kind == "function":
            return "function"
        name = reference["name"]
        return self.content(name, within) if UNNAMED.match(name) else name

    def members(self, name, within):
        """{name: (offset, bit position, bit length, type)}, unnamed structures flattened."""
        leaves = []
        pending = [(name, 0, ())]
        while pending:
            struct, base, path = pending.pop()
            for member, field in self.structs[struct]["fields"].items():
                reference = field["type"]
                offset, place = base + field["offset"], path + (member,)
                position = reference.get("bit_position", 0)
                length = reference["bit_length"] if reference["kind"] == "bitfield" else 0
                if reference["kind"] in ("struct", "union") and UNNAMED.match(reference["name"]):
                    pending.append((reference["name"], offset, place))
                    text = "<unnamed-%s>" % reference["kind"]
                else:
                    text = self.text(reference, within)
                leaves.append((place, (offset, position, length, text)))
        return unique_names(leaves)


def unique_names(leaves):
    """A member's own name; where members share it, as much of its path as tells them apart."""
    taken = [1] * len(leaves)
    while True:
        names = [".".join(path[-count:]) for (path, _), count in zip(leaves, taken)]
        shared = [i for i, name in enumerate(names)
                  if names.count(name) > 1 and taken[i] < len(leaves[i][0])]
        if not shared:
            return {name: leaf for name, (_, leaf) in zip(names, leaves)}
        for i in shared:
            taken[i] += 1


class Difference:
    """What nt-differ says of two layouts."""

    def __init__(self, output):
        self.changes = json.loads(output)["changes"]
        self.not_comparable = json.loads(output)["not_comparable"]
        self.types = {change["subject"].split(".")[0] for change in self.changes}

    def of(self, kind, subject=None):
        return [change for change in self.changes if change["kind"] == kind
                and (subject is None or change["subject"] == subject)]

    def subjects(self, *kinds):
        return {change["subject"] for change in self.changes if change["kind"] in kinds}

    def shift(self, subject):
        """[old, new] of a member that was only pushed along, or None."""
        type_name, member = subject.split(".", 1)
        for change in self.of("layout.field.shifted", type_name):
            return change["details"]["fields"].get(member)
        return None


class Laboratory:
    def __init__(self, analyzer, differ, folder, work):
        self.analyzer, self.differ, self.folder, self.work = analyzer, differ, folder, work

    def files(self, prefix):
        return sorted(glob.glob(os.path.join(self.folder, prefix + "*.json.xz")))

    def file(self, prefix):
        files = self.files(prefix)
        if len(files) != 1:
            sys.exit("%s: expected one file %s*, found %d" % (self.folder, prefix, len(files)))
        return files[0]

    def snapshot(self, path):
        result = os.path.join(self.work, os.path.basename(path)[:-len(".xz")])
        if not os.path.exists(result):
            subprocess.run([self.analyzer, "layout", path, "-o", result], check=True)
            with open(result, encoding="utf-8") as file:
                text = file.read()
            check("__unnamed" not in text and "__anonymous" not in text,
                  "%s: a compiler's number for an unnamed type is in the layout" % path)
        return result

    def diff(self, old, new):
        run = subprocess.run([self.differ, "diff", self.snapshot(old), self.snapshot(new),
                              "--format", "json"], stdout=subprocess.PIPE, check=False)
        difference = Difference(run.stdout)
        names = "%s against %s" % (os.path.basename(old), os.path.basename(new))
        check(run.returncode == (1 if difference.changes else 0),
              "%s: exit code %d with %d changes" % (names, run.returncode, len(difference.changes)))
        check(b"__unnamed" not in run.stdout and b"__anonymous" not in run.stdout,
              names + ": a change is due to a compiler's number for an unnamed type")
        return difference


def place(leaf):
    return "0x%x:%d" % leaf[:2] if leaf[2] else "0x%x" % leaf[0]


def same_bit(old, new):
    return old[2] and old[2] == new[2] and old[0] * 8 + old[1] == new[0] * 8 + new[1]


def recount(old, new, difference, names):
    """Everything that the difference says of places, from the symbol files alone."""
    differing = {name for name in old.types.keys() | new.types.keys()
                 if old.types.get(name) != new.types.get(name)}
    check(difference.types == differing, "%s: types that differ: only reported %s, not reported %s"
          % (names, sorted(difference.types - differing)[:5],
             sorted(differing - difference.types)[:5]))
    added, removed, moved = set(), set(), {}
    for name in differing & old.types.keys() & new.types.keys():
        before, after = old.types[name], new.types[name]
        if "enum" in (before[0], after[0]) or before[0] != after[0]:
            continue
        removed |= {name + "." + member for member in before[2].keys() - after[2].keys()}
        added |= {name + "." + member for member in after[2].keys() - before[2].keys()}
        for member in before[2].keys() & after[2].keys():
            a, b = before[2][member], after[2][member]
            if bool(a[2]) == bool(b[2]) and a[:3] != b[:3] and not same_bit(a, b):
                moved[name + "." + member] = (a, b)
    renamed = renames(old, new, difference, names)
    check(difference.subjects("layout.field.added", "layout.bit.added")
          | set(renamed.values()) == added,
          names + ": members added: the recount disagrees")
    check(difference.subjects("layout.field.removed", "layout.bit.removed")
          | set(renamed) == removed,
          names + ": members removed: the recount disagrees")
    shifted = {change["subject"] + "." + member: places
               for change in difference.of("layout.field.shifted")
               for member, places in change["details"]["fields"].items()}
    carried = {change["subject"].split(".")[0] + "." + member: (change, places)
               for kind in ("layout.field.moved", "layout.bit.moved")
               for change in difference.of(kind) if "details" in change
               for member, places in change["details"]["fields"].items()}
    for subject, (change, places) in carried.items():
        check(subject in moved, "%s: %s did not move" % (names, subject))
        a, b = moved.get(subject, ((0, 0, 0), (0, 0, 0)))
        pushed = [change[side].get("bit", {}).get("position", 0) for side in ("old", "new")]
        check(places == [place(a), place(b)] and a[2] and a[2] == b[2] and
              b[1] - a[1] == pushed[1] - pushed[0] and
              [hex(a[0]), hex(b[0])] == [change[side]["offset"] for side in ("old", "new")],
              "%s: %s did not move with %s" % (names, subject, change["subject"]))
    reported = difference.subjects("layout.field.moved", "layout.bit.moved")
    check(not reported & carried.keys(), names + ": a bit is told twice")
    reported |= carried.keys()
    check(not reported & shifted.keys(), names + ": a member is both moved and shifted")
    check(reported | shifted.keys() == moved.keys(),
          "%s: members with another place: %s" % (names, sorted(
              (reported | shifted.keys()) ^ moved.keys())[:5]))
    for subject, places in shifted.items():
        if subject in moved:
            a, b = moved[subject]
            check(places == [place(a), place(b)] and a[1:3] == b[1:3],
                  "%s: %s shifted: %s" % (names, subject, places))
    check_order(shifted, reported, old, new, names)
    recount_types(old, new, difference, names)


def recount_types(old, new, difference, names):
    """Everything that the difference says of whole types, of constants, and of members' types."""
    both = old.types.keys() & new.types.keys()
    other = {name for name in both if old.types[name][0] != new.types[name][0]}
    check(difference.subjects("layout.type.added") == (new.types.keys() - both) | other,
          names + ": types added: the recount disagrees")
    check(difference.subjects("layout.type.removed") == (old.types.keys() - both) | other,
          names + ": types removed: the recount disagrees")
    structs = {name for name in both - other if old.types[name][0] != "enum"}
    check({(change["subject"], change["old"], change["new"])
           for change in difference.of("layout.type.resized")} ==
          {(name, old.types[name][1], new.types[name][1]) for name in structs
           if old.types[name][1] != new.types[name][1]}, names + ": sizes: the recount disagrees")
    retyped = {name + "." + member for name in structs
               for member in old.types[name][2].keys() & new.types[name][2].keys()
               if is_retyped(old.types[name][2][member], new.types[name][2][member])}
    reported = difference.of("layout.field.retyped")
    check({change["subject"] for change in reported} <= retyped,
          names + ": members with another type: the recount disagrees")
    check(sum(change.get("details", {}).get("count", 1) for change in reported) == len(retyped),
          names + ": members with another type: the recount has another number")
    for kind, pick in (("added", lambda a, b: {key: b[key] for key in b.keys() - a.keys()}),
                       ("removed", lambda a, b: {key: a[key] for key in a.keys() - b.keys()}),
                       ("renumbered", lambda a, b: {key: [a[key], b[key]] for key in a.keys()
                                                    & b.keys() if a[key] != b[key]})):
        expected = {name: pick(old.types[name][2], new.types[name][2])
                    for name in both - other - structs}
        check({change["subject"]: change["details"]["constants"]
               for change in difference.of("layout.enum." + kind)} ==
              {name: constants for name, constants in expected.items() if constants},
              "%s: constants %s: the recount disagrees" % (names, kind))


def is_retyped(old, new):
    return bool(old[2]) != bool(new[2]) or old[3] != new[3]


def renames(old, new, difference, names):
    """{old: new} of what was renamed: of one type, and pushed as far as its neighbours."""
    renamed = {}
    for change in difference.of("layout.field.renamed") + difference.of("layout.bit.renamed"):
        subject, name = change["subject"], change["new"]["name"]
        type_name = subject[:-len("." + change["old"]["name"])]
        before, after = old.types[type_name][2], new.types[type_name][2]
        was, now = before[change["old"]["name"]], after[name]
        check(was[2:] == now[2:] and was[1] == now[1], "%s: %s is not %s" % (names, subject, name))
        kept = sorted((bit_of(before[member]), bit_of(after[member]))
                      for member in before.keys() & after.keys()
                      if before[member][1:3] == after[member][1:3])
        around = [max((pair for pair in kept if pair[0] < bit_of(was)), default=None),
                  min((pair for pair in kept if pair[0] > bit_of(was)), default=None)]
        pushed = {b - a for a, b in filter(None, around)}
        check(pushed == {bit_of(now) - bit_of(was)},
              "%s: the neighbours of %s went elsewhere" % (names, subject))
        check(type_name + "." + name not in renamed.values(), names + ": one name for two")
        renamed[subject] = type_name + "." + name
    return renamed


def bit_of(leaf):
    return leaf[0] * 8 + leaf[1] if leaf[2] else leaf[0] * 8


def check_order(shifted, moved, old, new, names):
    """Of members that were not moved, each kept its order to every other."""
    for name in {subject.split(".")[0] for subject in shifted}:
        before, after = old.types[name][2], new.types[name][2]
        kept = [(before[member][0], after[member][0]) for member in before.keys() & after.keys()
                if name + "." + member not in moved
                and bool(before[member][2]) == bool(after[member][2])
                and not same_bit(before[member], after[member])]
        kept.sort()
        check(all(a[0] < b[0] and a[1] < b[1] for a, b in zip(kept, kept[1:]) if a != b),
              "%s: %s: members called shifted changed their order" % (names, name))


def neighbours(lab):
    """Every real symbol file against the next: the recount agrees."""
    def version(path):
        return [int(part) for part in os.path.basename(path).split("-")[1].split(".")]

    files = sorted(lab.files("ntkrnlmp-"), key=version)
    check(len(files) > 1, "expected several files ntkrnlmp-*")
    old, updates = Layout(files[0]), {}
    for before, after in zip(files, files[1:]):
        new = Layout(after)
        names = "%s against %s" % (os.path.basename(before)[:20], os.path.basename(after)[:20])
        difference = lab.diff(before, after)
        recount(old, new, difference, names)
        check(not difference.not_comparable, names + ": something was not comparable")
        print("%s: %d changes in %d types" % (names, len(difference.changes),
                                              len(difference.types)))
        if version(before)[0] == version(after)[0]:
            updates[os.path.basename(after).split("-")[1]] = difference
        old = new
    print_table(updates)


def print_table(updates):
    """How many changes of each kind an update within one build makes, by what it leads to."""
    kinds = sorted({change["kind"] for difference in updates.values()
                    for change in difference.changes})
    print("\n%-24s%s" % ("updates of one build", "".join("%12s" % name for name in updates)))
    for kind in kinds:
        print("%-24s%s" % (kind, "".join("%12d" % len(difference.of(kind))
                                         for difference in updates.values())))
    print("%-24s%s\n" % ("all", "".join("%12d" % len(difference.changes)
                                       for difference in updates.values())))


def with_itself(lab):
    for path in lab.files("n"):
        difference = lab.diff(path, path)
        check(not difference.changes, os.path.basename(path) + " differs from itself")


def member(lab, prefix, name):
    with open(lab.snapshot(lab.file(prefix)), encoding="utf-8") as file:
        types = json.load(file)["layouts"]["types"]
    return types["_EPROCESS"]["fields"].get(name)


def check_bit(lab, prefix, name, offset, position):
    found = member(lab, prefix, name)
    check(found and found["offset"] == offset and found["bit"] == {"length": 1,
                                                                   "position": position},
          "%s: %s at %s:%d: found %s" % (prefix, name, offset, position, found))


def known_bits(lab):
    for prefix, offset in (("ntkrnlmp-9600.19913", "0x67c"), ("ntkrnlmp-9600.21620", "0x67c"),
                           ("nt-9600-x64", "0x67c"), ("nt-14393-x64", "0x6c4"),
                           ("ntkrnlmp-14393.4583", "0x6cc"), ("ntkrnlmp-18362.30", "0x6fc"),
                           ("ntkrnlmp-18362.836", "0x6fc"), ("ntkrnlmp-19041.508", "0x87c"),
                           ("ntkrnlmp-19041.572", "0x87c")):
        check_bit(lab, prefix, "Minimal", offset, 0)
    for prefix in ("nt-9600-x64", "ntkrnlmp-9600.19913", "ntkrnlmp-9600.21620"):
        check(not member(lab, prefix, "SubsystemProcess"), prefix + " has SubsystemProcess")
    check_bit(lab, "nt-10240-early-x64", "SubsystemProcess", "0x6ac", 8)
    check_bit(lab, "nt-10240-x64", "SubsystemProcess", "0x6b4", 8)
    for prefix in ("nt-16299-x64", "ntkrnlmp-17763.379", "ntkrnlmp-18362.30"):
        check(member(lab, prefix, "SubsystemProcess")["bit"]["position"] == 6,
              prefix + ": SubsystemProcess is not bit 6")
        check(member(lab, prefix, "SystemProcess")["bit"]["position"] == 12,
              prefix + ": SystemProcess is not bit 12")
    check_bit(lab, "ntkrnlmp-18362.30", "SubsystemProcess", "0x6fc", 6)
    check_bit(lab, "ntkrnlmp-18362.30", "SystemProcess", "0x6fc", 12)


def known_changes(lab):
    """The same facts, as differences say them."""
    difference = lab.diff(lab.file("ntkrnlmp-7601.24540"), lab.file("ntkrnlmp-9600.19913"))
    check(difference.of("layout.bit.added", "_EPROCESS.Minimal"), "9600: Minimal added")
    difference = lab.diff(lab.file("nt-9600-x64"), lab.file("nt-10240-early-x64"))
    check(difference.of("layout.bit.added", "_EPROCESS.SubsystemProcess"),
          "10240: SubsystemProcess added")
    difference = lab.diff(lab.file("nt-10240-early-x64"), lab.file("nt-10240-x64"))
    check(difference.shift("_EPROCESS.SubsystemProcess") == ["0x6ac:8", "0x6b4:8"],
          "10240: SubsystemProcess shifted from 0x6ac:8 to 0x6b4:8")
    difference = lab.diff(lab.file("nt-14393-x64"), lab.file("ntkrnlmp-14393.4583"))
    check(difference.shift("_EPROCESS.Minimal") == ["0x6c4:0", "0x6cc:0"],
          "14393: Minimal shifted from 0x6c4:0 to 0x6cc:0")
    check(len(difference.not_comparable) == 3, "14393: what the type tables do not tell is said")
    difference = lab.diff(lab.file("nt-15063-x64"), lab.file("nt-16299-x64"))
    moved = difference.of("layout.bit.moved", "_EPROCESS.SubsystemProcess")
    check(len(moved) == 1 and moved[0]["new"]["bit"]["position"] == 6,
          "16299: SubsystemProcess moved to bit 6")
    added = difference.of("layout.bit.added", "_EPROCESS.SystemProcess")
    check(len(added) == 1 and added[0]["new"]["bit"]["position"] == 12,
          "16299: SystemProcess added at bit 12")


def one_update(lab):
    """19041.508 to 19041.572: one feature, in seven structures and two enumerations."""
    difference = lab.diff(lab.file("ntkrnlmp-19041.508"), lab.file("ntkrnlmp-19041.572"))
    enums = {change["subject"] for change in difference.changes
             if change["kind"].startswith("layout.enum.")}
    check(difference.types - enums == {
        "_EPROCESS", "_LOADER_FEATURE_CONFIGURATION_DIAGNOSTIC_INFORMATION",
        "_LOADER_FEATURE_CONFIGURATION_INFORMATION", "_LOADER_PARAMETER_EXTENSION", "_flags",
        "wil_details_FeatureDescriptor", "wil_details_FeatureStateCache"},
          "19041.572: seven structures: %s" % sorted(difference.types - enums))
    check(len(enums) == 2, "19041.572: two enumerations: %s" % sorted(enums))
    check(len(difference.of("layout.type.added")) == 3, "19041.572: three types added")
    bit = difference.of("layout.bit.added", "_EPROCESS.DisallowUserTerminate")
    check(len(bit) == 1 and bit[0]["new"]["offset"] == "0x87c"
          and bit[0]["new"]["bit"] == {"length": 1, "position": 27},
          "19041.572: DisallowUserTerminate added at 0x87c:27")
    check({change["subject"] for change in difference.changes
           if change["subject"].startswith("_EPROCESS")} == {"_EPROCESS.DisallowUserTerminate"},
          "19041.572: nothing else in _EPROCESS")


def main():
    analyzer, differ, folder = sys.argv[1:4]
    if not os.path.isdir(folder):
        print("skipped: no folder %s" % folder)
        return 77
    with tempfile.TemporaryDirectory() as work:
        lab = Laboratory(analyzer, differ, folder, work)
        known_bits(lab)
        known_changes(lab)
        one_update(lab)
        with_itself(lab)
        neighbours(lab)
    print("%d failures" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
