#!/usr/bin/env python3
"""alpc.py - ALPC ports of a synthetic Windows 10 17763 are those that the forge wrote; three of them
are those of a published machine.

    alpc.py NT_ANALYZER DUMPS SCENARIOS

Every port is compared, with symbols, which name the list of ports, and without, where a named port in
an object directory leads to it; and the edges with the scenario. Ends with 1 at the first mismatch,
with 77 (a skip) where there is no such dump.
"""
import json
import pathlib
import subprocess
import sys

NAME = "alpc-17763"
ZERO = "0x0000000000000000"
ROLES = {1: "connection", 2: "client", 3: "server"}
checked = 0

# As published: type, owner, queue, sequence, communication, connection, server, client.
PUBLISHED = [
    {"address": "0xffff97092cf4f090", "sequence_no": 3, "type": 1, "role": "connection",
     "owner": {"address": "0xffff97092cf7e180", "name": "winlogon.exe"},
     "target_queue": ZERO, "target_sequence": ZERO, "communication": "0xffffb88e3360d530",
     "connection_port": "0xffff97092cf4f090", "server_port": ZERO, "client_port": ZERO},
    {"address": "0xffff9709264849f0", "sequence_no": 4, "type": 2, "role": "client",
     "owner": {"address": "0xffff97091e4dd040", "name": "System"},
     "target_queue": "0xffff97092cf4f090", "target_sequence": "0xffff970923b5fd00",
     "communication": "0xffffb88e33613320", "connection_port": "0xffff97092cf4f090",
     "server_port": "0xffff970923b5fd00", "client_port": "0xffff9709264849f0"},
    {"address": "0xffff970923b5fd00", "sequence_no": 3, "type": 3, "role": "server",
     "owner": {"address": "0xffff97092cf7e180", "name": "winlogon.exe"},
     "target_queue": "0xffff9709264849f0", "target_sequence": "0xffff9709264849f0",
     "communication": "0xffffb88e33613320", "connection_port": "0xffff97092cf4f090",
     "server_port": "0xffff970923b5fd00", "client_port": "0xffff9709264849f0"},
]


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def ports_written(facts, scenario):
    """The forge's facts: the ends of a connection follow from which ports share a communication."""
    processes = {process["pid"]: process for process in facts["processes"]}
    # In the order of the scenario: a connection port, and the two ends of each connection to it.
    names = {}
    ports, connection = {}, None
    rows = iter(scenario["alpc"])
    for fact in facts["alpc_ports"]:
        if fact["type"] == 1:
            connection, names[fact["address"]] = fact["address"], next(rows)["name"]
        ends = {each["type"]: each["address"] for each in facts["alpc_ports"]
                if each["communication"] == fact["communication"]}
        owner = processes[fact["pid"]]
        ports[fact["address"]] = {
            "address": fact["address"], "sequence_no": fact["sequence"], "type": fact["type"],
            "role": ROLES[fact["type"]],
            "owner": {"address": owner["address"], "name": owner["name"]},
            "target_queue": fact["target_queue"], "target_sequence": fact["target_sequence"],
            "communication": fact["communication"], "connection_port": connection,
            "server_port": ends.get(3, ZERO), "client_port": ends.get(2, ZERO)}
        if fact["type"] == 1:
            ports[fact["address"]]["name"] = names[fact["address"]]
    return ports


def edges_written(facts, scenario):
    names = {process["pid"]: process["name"][:14] for process in facts["processes"]}
    return sorted((int(row["pid"], 16), int(client["client"]["pid"], 16), row["name"],
                   names[int(client["client"]["pid"], 16)], names[int(row["pid"], 16)])
                  for row in scenario["alpc"] for client in row["clients"])


def edges_found(facts, alpc):
    pids = {process["address"]: process["pid"] for process in facts["processes"]}
    return sorted((pids[edge["server"]["address"]], pids[edge["client"]["address"]], edge["name"],
                   edge["client"]["name"], edge["server"]["name"])
                  for edge in alpc["edges"] for _ in range(edge["connections"]))


def check(analyzer, dump, scenario, found_by, *options):
    facts = json.loads(dump.with_suffix(".facts.json").read_text())
    snapshot = json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections", "alpc", "--require", "alpc",
         *options], check=True, stdout=subprocess.PIPE).stdout)
    alpc = snapshot["alpc"]
    expect("coverage", snapshot["coverage"]["sections"]["alpc"],
           {"status": "complete", "unreadable": {}})
    expect("how the list was found", alpc["found_by"], found_by)
    found = {port["address"]: port for port in alpc["ports"]}
    expect("ports met twice", len(alpc["ports"]) - len(found), 0)
    written = ports_written(facts, scenario)
    expect("ports", sorted(found), sorted(written))
    for address, port in written.items():
        expect(f"port {address}", found[address], port)
    for port in PUBLISHED:
        expect(f"published port {port['address']}",
               {key: found[port["address"]].get(key) for key in port}, port)
    roles = [port["role"] for port in found.values()]
    expect("roles", {role: roles.count(role) for role in ROLES.values()},
           {"connection": 9, "client": 22, "server": 22})
    expect("edges", edges_found(facts, alpc), edges_written(facts, scenario))
    expect("the published edge",
           [edge for edge in alpc["edges"]
            if edge["connection_port"] == PUBLISHED[0]["address"]],
           [{"client": PUBLISHED[1]["owner"], "server": PUBLISHED[0]["owner"],
             "connection_port": PUBLISHED[0]["address"],
             "name": "\\RPC Control\\WMsgKRpc0DEADBEE1", "connections": 1}])


def main():
    analyzer, dumps, scenarios = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    dump = dumps / f"{NAME}.dmp"
    if not dump.is_file():
        print(f"skipped: {NAME} was not made in {dumps}")
        sys.exit(77)
    scenario = json.loads((scenarios / f"{NAME}.json").read_text())
    check(analyzer, dump, scenario, "AlpcpPortList", "--symbols",
          dumps / "symbols" / NAME / "windows")
    check(analyzer, dump, scenario, "directory")
    print(f"{checked} checks")


if __name__ == "__main__":
    main()
