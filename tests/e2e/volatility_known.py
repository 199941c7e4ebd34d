"""volatility_known.py - where Volatility 3 and a snapshot differ, and why that has to be so.

Read in Volatility 3 2.11.0 (framework/plugins/windows, framework/layers, framework/symbols).
"""
import re

STRADDLES = (
    "Before Windows 10 Volatility scans physical memory and reads an object on in the next frame; "
    "this one is on two pages whose frames are no neighbours, so that it is read wrong, or not "
    "found (plugins/windows/poolscanner.py).")
INDEX_ZERO = (
    "TypeIndex is 0 in the header: with the cookie, that is a type like any other. Volatility "
    "takes it for no object (plugins/windows/handles.py, _make_handle_array).")
ATTRIBUTES = (
    "The entry has attributes, in the bits below the pointer; Volatility shifts them into the "
    "address and does not mask them, so that it reads behind the header "
    "(plugins/windows/handles.py, _decode_pointer).")
THREE_LEVELS = (
    "In a table of three levels, Volatility counts a page of pointers as one page of handles: the "
    "object is the same, the handle too low (plugins/windows/handles.py, _make_handle_array).")
NAME_CHARACTERS = (
    "Volatility leaves out processes whose names have other characters than letters, dots and "
    "blanks (plugins/windows/psxview.py, valid_proc_name_chars).")
BROKEN_LIST = (
    "The list of processes is broken in the dump (a finding list.* says where): Volatility's ends "
    "there, the snapshot goes on from the list's other end and from the other lists.")
BUILD_LAB = (
    "Volatility reads 32 characters of NtBuildLab (symbols/windows/extensions/kdbg.py, "
    "get_build_lab).")
FREED = "The process was deleted: the snapshot has it in object_scan.freed."
UNLISTED_THREAD = (
    "The thread was taken off the process's list, which is all that Volatility reads; the snapshot "
    "has it from other places, and a finding thread.hidden.")
ENDED_THREAD = (
    "The thread has ended or is being made, and is on no list of its process, which is all that "
    "Volatility reads; the snapshot has it by its id or a scan.")
LOST_PROCESS = "The process itself is in a hole of the dump; a scan finds its threads."

SILENT = (
    ("windows.kpcrs.KPCRs", r"_KPCR\.CurrentPrcb$",
     "The plug-in asks for _KPCR.CurrentPrcb, which x64 has; x86 calls it Prcb."),
    ("windows.ssdt.SSDT", r"Unknown symbol: KiServiceTable$",
     "The dump was forged without system services."),
    (r"windows\.(handles\.Handles|psxview\.PsXView)", "Unable to find the SAR value",
     "Volatility takes the shift of a handle table's entries from code of the kernel, and the dump "
     "was forged without code."),
)
REFUSED = {
    "small-la57": "Volatility has no page tables of five levels (layers/intel.py, "
                  "WindowsIntel32e).",
}
THREADS = "windows.thrdscan.ThrdScan"
# Its processes lie about everything, and no reader can say what they are.
NOT_COMPARED = ("hostile-planted",)
SCANS = {"windows.psscan.PsScan": "_EPROCESS", THREADS: "_ETHREAD",
         "windows.symlinkscan.SymlinkScan": "_OBJECT_SYMBOLIC_LINK",
         "windows.mutantscan.MutantScan": "_KMUTANT"}
LISTED = ("PsList", "Threads", "Handles", "PsXView", "Sessions", "GetSIDs", "JobLinks")
POINTERS, ENTRIES = 512, 256  # in a page of a handle table of x64
HIGH = 4 * ENTRIES * POINTERS  # the first handle that takes three levels


def silence(plugin, error):
    """Why a plug-in that failed with these words says nothing of the dump."""
    return next((why for name, words, why in SILENT
                 if error and re.fullmatch(name, plugin) and re.search(words, error)), None)


def refusal(name):
    return REFUSED.get(name)


def straddles(found, plugin, physical):
    """Whether the object there is on two pages that are not in neighbouring frames."""
    return found["system"]["build"] < 10240 and found.machine.straddles(physical, SCANS[plugin])


def entry_of(found, row):
    return next(h for p in found["processes"] if p["pid"] == row[0]
                for h in (p.get("handles") or {}).get("entries", [])
                if int(h["handle"], 16) == row[1])


def low_handle(handle):
    """What Volatility makes of a handle in a table of three levels."""
    page, place = divmod(handle // 4, ENTRIES)
    return 4 * ((page // POINTERS + page % POINTERS) * ENTRIES + place)


def is_index_zero(found, at, kind):
    """Whether the header of an object of that type has a TypeIndex of 0, with the cookie."""
    if not found["objects"].get("cookie"):
        return False
    index = next(t["index"] for t in found["objects"]["types"] if t["name"] == kind)
    return (at - 0x30 >> 8 ^ int(found["objects"]["cookie"], 16) ^ index) & 0xFF == 0


def handle_difference(found, side, row, others):
    if side == "theirs":
        return THREE_LEVELS if any(other[1] >= HIGH and (other[0], low_handle(other[1]), *other[2:])
                                   == row for other in others) else None
    if row[1] >= HIGH and (row[0], low_handle(row[1]), *row[2:]) in others:
        return THREE_LEVELS
    if found["system"]["arch"] != "x64" or found["system"]["build"] < 9600:
        return None
    if entry_of(found, row)["attributes"]:
        return ATTRIBUTES
    return INDEX_ZERO if is_index_zero(found, row[2], row[3]) else None


def view_difference(found, row):
    """Of (pid, name, view), which the snapshot alone has."""
    if re.search("[^A-Za-z. ]", row[1]):
        return NAME_CHARACTERS
    process = next(p for p in found["processes"] if p["pid"] == row[0])
    if row[2] == "csrss" and is_index_zero(found, int(process["address"], 16), "Process"):
        return INDEX_ZERO
    threads = [found.machine.physical(int(t["address"], 16)) for t in process["threads"]]
    lost = bool(threads) and all(straddles(found, THREADS, at) for at in threads)
    return STRADDLES if row[2] == "thrdscan" and lost else None


def info_difference(row, others):
    """A build lab that begins as the other side's does."""
    alike = any(other[0] == row[0] == "NTBuildLab" and other[1][:32] == row[1][:32]
                for other in others)
    return BUILD_LAB if alike else None


def list_is_broken(found):
    return any(finding["kind"].startswith("list.") and finding["subject"] == "PsActiveProcessHead"
               for finding in found["findings"])


def is_freed(found, row):
    return any((freed["pid"], freed["name"]) == (row[1], row[3])
               for freed in found["object_scan"]["freed"])


def unlisted(found):
    """The threads that _EPROCESS.ThreadListHead has not."""
    return {int(finding["evidence"]["address"], 16) & 0xFFFFFFFFFFFF
            for finding in found["findings"] if finding["kind"] == "thread.hidden"
            and "thread_list_head" in finding["evidence"]["missing_from"]}


def state_of(found, row):
    return next(t["state"] for p in found["processes"] if p["pid"] == row[1]
                for t in p["threads"] if t["tid"] == row[2])


def difference(plugin, found, side, row, others):
    """Why one side alone has the row; None where there is no reason."""
    if list_is_broken(found):
        if side == "ours" and plugin.endswith(LISTED):
            return BROKEN_LIST
        if plugin in SCANS and row[1] not in {p["pid"] for p in found["processes"]}:
            return LOST_PROCESS
    if plugin == "windows.handles.Handles":
        return handle_difference(found, side, row, others)
    if plugin == "windows.psscan.PsScan" and side == "theirs" and is_freed(found, row):
        return FREED
    if plugin == "windows.threads.Threads" and side == "ours":
        if row[0] in unlisted(found):
            return UNLISTED_THREAD
        return ENDED_THREAD if state_of(found, row) in ("Terminated", "Initialized") else None
    if plugin in SCANS and straddles(found, plugin, row[0]):
        return STRADDLES
    if plugin == "windows.psxview.PsXView" and side == "ours":
        return view_difference(found, row)
    if plugin == "windows.info.Info":
        return info_difference(row, others)
    return None
