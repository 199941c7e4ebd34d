#!/usr/bin/env python3
"""bench.py - times the commands as whole processes; figures are printed, nothing is asserted.

    bench.py BUILD [SHARED] [--runs N]

BUILD is a build folder with the programs and dumps/; SHARED a folder with facts/isf. Each figure is
the median of N runs (default 9) after one that is not counted: wall time, and the largest resident
memory of the process (not below that of this script, about 11 MiB). A ratio compares two commands that were run in turn.
"""
import argparse
import ctypes
import json
import mmap
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import many


def run(command):
    """Wall seconds and peak memory in KiB of one run."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execv(command[0], command)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return time.perf_counter() - start, usage.ru_maxrss


def measure(commands, runs):
    """Runs the commands in turn; gives (median ms, peak MiB) of each."""
    results = [[] for _ in commands]
    for count in range(runs + 1):
        for command, result in zip(commands, results):
            figure = run([str(word) for word in command])
            if count:
                result.append(figure)
    return [(1000 * statistics.median(wall for wall, _ in result),
             max(memory for _, memory in result) / 1024) for result in results]


def apart(make):
    """What `make` gives, from a process of its own: the largest memory of a command that is timed
    begins with this script's."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as file:
            json.dump(make(), file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        made = json.load(file)
    os.waitpid(child, 0)
    return made


def machine_of_32_gib():
    """The small dump again, on a machine of 32 GiB: a sparse file."""
    scenario = json.loads((many.SCENARIOS / "small-full.json").read_text())
    scenario["dump"]["runs"][1][1] = "0x7fff00"
    scenario["system"]["physical_pages"] = "0x7fff9e"
    return scenario


def layouts_of_builds(analyzer, isf, scratch):
    """All layouts of a kernel of each build, oldest first."""
    builds = "7601 9600 10240 10586 14393 15063 16299 17134 17763 18362 19041".split()
    files = [isf / f"nt-{build}-x64.json.xz" for build in builds]
    files += sorted(isf.glob("ntkrnlmp-22000.318-*"))
    layouts = [scratch / f"layout-{file.name[:-3]}" for file in files]
    for file, layout in zip(files, layouts):
        run([str(word) for word in (analyzer, "layout", file, "-o", layout)])
    return layouts


def forge(build, scratch, name, scenario):
    """The dump of what `scenario` gives, and how many seconds it took."""
    apart(lambda: (scratch / f"{name}.json").write_text(json.dumps(scenario())))
    seconds, _ = run([str(word) for word in (
        build / "tests/forge/forge", scratch / f"{name}.json", "-o", scratch / f"{name}.dmp",
        "--profiles", many.SCENARIOS.parents[1] / "analyzer/profiles")])
    return scratch / f"{name}.dmp", seconds


def pages_touched(command, dump):
    """How many pages of the dump the command had to have in memory: those in the page cache, which
    is emptied before. What the kernel reads ahead is among them."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(dump, "r+b") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        run([str(word) for word in command])
        with mmap.mmap(file.fileno(), 0) as view:
            resident = (ctypes.c_ubyte * (len(view) // mmap.PAGESIZE + 1))()
            start = ctypes.addressof(ctypes.c_char.from_buffer(view))
            libc.mincore(ctypes.c_void_p(start), ctypes.c_size_t(len(view)), resident)
    return sum(byte & 1 for byte in resident)


def counts(snapshot):
    """Processes and threads."""
    processes = json.loads(snapshot.read_text())["processes"]
    return len(processes), sum(len(process["threads"]) for process in processes)


def bench_threads(analyzer, build, scratch, runs):
    dump, _ = forge(build, scratch, "many", many.many_threads)
    command = [analyzer, "snapshot", dump, "--sections"]
    scan = command + ["threads", "--scan"]
    without, whole, scanned = measure([command + ["processes"], command + ["threads"], scan], runs)
    snapshot = scratch / "many-snapshot.json"
    run([str(word) for word in command + ["threads", "-o", snapshot]])
    processes, threads = apart(lambda: counts(snapshot))
    show(f"snapshot of {processes} processes", without)
    show(f"the same with their {threads} threads", whole)
    print(f"{'a thread':<58}{1000 * (whole[0] - without[0]) / threads:9.1f} us"
          f"{pages_touched(command + ['threads'], dump) / threads:9.2f} pages of the dump")
    run([str(word) for word in scan + ["-o", snapshot]])
    pages = apart(lambda: json.loads(snapshot.read_text())["object_scan"]["pages"])
    show(f"the same with --scan, {pages} pages of kernel memory", scanned)
    print(f"{'a page of the scan':<58}{1000 * (scanned[0] - whole[0]) / pages:9.1f} us")


def bench_handles(analyzer, differ, build, scratch, runs):
    """Each section by itself, which lists all that it has; then the whole, which counts handles."""
    dump, seconds = forge(build, scratch, "handles", many.many_handles)
    print(f"{'forging ' + str(many.HANDLES) + ' handles':<58}{1000 * seconds:9.1f} ms")
    whole, listed = scratch / "handles-whole.json", scratch / "handles-listed.json"
    run([str(word) for word in (analyzer, "snapshot", dump, "-o", whole)])
    known = apart(lambda: json.loads(whole.read_text())["coverage"]["sections"])
    rows = [("snapshot of " + str(many.PROCESSES) + " processes", ["--sections", "processes"])]
    rows += [(f"the same with {section}", ["--sections", section])
             for section in ("objects", "handles", "cross_session") if section in known]
    rows.append(("all sections, handles counted", []))
    figures = measure([[analyzer, "snapshot", dump, *more] for _, more in rows], runs)
    for (name, _), figure in zip(rows, figures):
        show(name, figure, f"{figure[0] / figures[0][0]:7.2f}{figure[1] / figures[0][1]:7.2f}")
    run([str(word) for word in (analyzer, "snapshot", dump, "--sections",
                                "dump,system,handles", "-o", listed)])
    for name, file in (("all sections", whole), (f"{listed.stat().st_size >> 20} MiB", listed)):
        for command in ("diff", "gate"):
            show(f"{command} of two such, {name}", measure([[differ, command, file, file]], runs)[0])


def show(name, figure, more=""):
    print(f"{name:<58}{figure[0]:9.1f} ms{figure[1]:9.1f} MiB{more}")


def pages_read(command):
    """What --statistics says."""
    result = subprocess.run([*command, "--statistics"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, check=True)
    return int(re.search(r"(\d+) of \d+ pages were read", result.stderr).group(1))


def show_containers(analyzer, dump, scratch, runs):
    """The same guest in every container, read in turn: time and memory of each as a ratio to the
    first, and how many pages the reading took."""
    capture = pathlib.Path(__file__).resolve().parent.parent / "wrap/capture.py"
    files = {"bitmap dump": dump}
    for kind in ("elf", "kdump", "flattened", "raw"):
        files[kind] = scratch / f"guest.{kind}"
        run([sys.executable, str(capture), str(dump), kind, str(files[kind])])
    commands = [[analyzer, "snapshot", file] for file in files.values()]
    figures = measure(commands, runs)
    print(f"{dump.stem} in other containers; ratios to the bitmap dump of time and memory")
    for name, command, figure in zip(files, commands, figures):
        ratios = [value / first for value, first in zip(figure, figures[0])]
        show(f"  {name}", figure, f"{ratios[0]:7.2f}{ratios[1]:7.2f}{pages_read(command):8} pages")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("shared", type=pathlib.Path, nargs="?")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    options.build = options.build.resolve()
    analyzer, differ = options.build / "nt-analyzer", options.build / "nt-differ"
    dumps = options.build / "dumps"
    scratch = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"ntdrift-bench-{os.getpid()}"
    scratch.mkdir()
    # Scenarios name lists of services beside them.
    (scratch / "services").symlink_to(many.SCENARIOS / "services")

    def snapshot(name):
        return [analyzer, "snapshot", dumps / f"{name}.dmp"]

    for name in ("win7-7601", "win81-9600", "win10-10240", "win10-14393", "win10-15063"):
        show(f"snapshot {name}", measure([snapshot(name)], options.runs)[0])

    show_containers(analyzer, dumps / "win10-10240.dmp", scratch, options.runs)

    dump, _ = forge(options.build, scratch, "large", machine_of_32_gib)
    small, large = measure([snapshot("small-full"), [analyzer, "snapshot", dump]], options.runs)
    show("snapshot small-full", small)
    show("snapshot of the same with 32 GiB of memory", large)
    print(f"{'ratio of the two':<58}{large[0] / small[0]:9.2f}   {large[1] / small[1]:9.2f}")

    bench_threads(analyzer, options.build, scratch, options.runs)
    bench_handles(analyzer, differ, options.build, scratch, min(options.runs, 3))

    old, new = scratch / "old.json", scratch / "new.json"
    run([str(word) for word in snapshot("win81-9600") + ["-o", old]])
    run([str(word) for word in snapshot("win10-10240") + ["-o", new]])
    show("diff 9600 10240 (dumps, HTML)",
         measure([[differ, "diff", old, new, "--format", "html"]], options.runs)[0])

    isf = options.shared and options.shared / "facts/isf"
    files = sorted(isf.glob("ntkrnlmp-19041.5*.json.xz")) if isf else []
    if len(files) == 2:
        show(f"layout {files[0].name[:20]}... (.json.xz)",
             measure([[analyzer, "layout", files[0]]], options.runs)[0])
        plain = scratch / "plain.json"
        os.system(f"xz -dc {files[0]} > {plain}")
        show(f"layout of it, {plain.stat().st_size / 1e6:.1f} MB of .json",
             measure([[analyzer, "layout", plain]], options.runs)[0])
        for file, target in zip(files, (old, new)):
            run([str(word) for word in (analyzer, "layout", file, "-o", target)])
        show("diff 19041.508 19041.572 (all layouts, text)",
             measure([[differ, "diff", old, new]], options.runs)[0])
        history = layouts_of_builds(analyzer, isf, scratch)
        for form in ("csv", "html"):
            show(f"history of {len(history)} builds (all layouts, {form})",
                 measure([[differ, "history", *history, "--format", form]], options.runs)[0])
    for path in scratch.iterdir():
        path.unlink()
    scratch.rmdir()


if __name__ == "__main__":
    main()
