"""many.py - scenarios of machines that are larger than those of tests/scenarios: many processes
with many threads, or with many handles. The same scenario in every run."""
import itertools
import json
import pathlib
import random

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"
PROCESSES, THREADS, HANDLES = 2000, 15, 500_000
# More than 256 * 512 handles do not fit into a table of two levels.
LARGEST = 140_000
SESSIONS = (0, 1, 2, 3)
PER_PAGE = 256  # entries of a page of handles, the first of which is none
BUILTIN_HANDLES = 0x400  # those below are of the forge's own choice


def windows_10():
    return json.loads((SCENARIOS / "win10-10240.json").read_text())


def many_threads():
    """Windows 10 with PROCESSES processes of THREADS threads each, about 30,000 in all."""
    scenario = windows_10()
    rows = scenario["processes"]
    rows += [[None, hex(0x4000 + 4 * i), "0x02b4", THREADS, "svchost.exe", 0, 5000 + i, "alive"]
             for i in range(PROCESSES - len(rows))]
    return scenario


class Handles:
    """Makes up handles in the shares in which a process of Windows 10 has them, most objects held
    once, half of them without a name."""
    SHARES = {"event": 30, "key": 19, "file": 15, "section": 8, "port": 8, "mutant": 6,
              "thread": 6, "semaphore": 5, "process": 3}

    def __init__(self, pids):
        self.random = random.Random(5)
        self.pids = pids
        self.number = itertools.count()

    def in_namespace(self, session, kind):
        """A third is in the namespace that all sessions share."""
        shared = session == 0 or self.random.random() < 0.34
        folder = r"\BaseNamedObjects" if shared else rf"\Sessions\{session}\BaseNamedObjects"
        return rf"{folder}\{kind}-{next(self.number):x}"

    def event(self, session):
        named = self.random.random() < 0.2
        return {"type": "Event", **({"name": self.in_namespace(session, "Event")} if named else {})}

    def mutant(self, session):
        return {"type": "Mutant", "access": "0x1f0001", "name": self.in_namespace(session, "SM0")}

    def semaphore(self, _):
        return {"type": "Semaphore"}

    def section(self, session):
        named = self.random.random() < 0.5
        name = {"name": self.in_namespace(session, "windows_shell_global_counters")}
        return {"type": "Section", "access": "0x4", **(name if named else {})}

    def key(self, _):
        return {"type": "Key", "access": "0x20019"}

    def file(self, _):
        number = next(self.number)
        return {"type": "File", "access": "0x12019f", "name":
                rf"\Users\Public\AppData\Local\Microsoft\{number % 97:02}\index-{number:06x}.db"}

    def port(self, _):
        named = self.random.random() < 0.1
        name = rf"\RPC Control\OLE{next(self.number):032X}"
        return {"type": "ALPC Port", "access": "0x1f0001", **({"name": name} if named else {})}

    def process(self, _):
        return {"type": "Process", "access": "0x1478", "process": self.random.choice(self.pids)}

    def thread(self, _):
        return {"type": "Thread", "access": "0x1fffff", "process": self.random.choice(self.pids)}

    def rows(self, session, count):
        kinds = self.random.choices(list(self.SHARES), self.SHARES.values(), k=count)
        values = (4 * entry for entry in itertools.count(BUILTIN_HANDLES // 4) if entry % PER_PAGE)
        return [{"handle": value, **getattr(self, kind)(session)}
                for kind, value in zip(kinds, values)]


def many_handles():
    """Windows 10 with PROCESSES processes in four sessions, HANDLES handles, and LARGEST of them in
    one process."""
    scenario = windows_10()
    rows = scenario["processes"]
    scenario["sessions"] = list(SESSIONS)
    made = PROCESSES - len(rows)
    pids = [0x4000 + 4 * i for i in range(made)]
    source = Handles(pids)
    each, more = divmod(HANDLES - LARGEST, made - 1)
    for i, pid in enumerate(pids):
        session = SESSIONS[i % len(SESSIONS)]
        count = LARGEST if i == 0 else each + (i <= more)
        name = "SearchIndexer.exe" if i == 0 else "svchost.exe"
        rows.append([None, pid, "0x02b4", 2, name, session, 5000 + i, "alive",
                     {"handles": source.rows(session, count)}])
    return scenario
