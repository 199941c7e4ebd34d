#!/usr/bin/env python3
"""volatility_rows.py - the rows of several plug-ins of Volatility 3 on one image, as JSON.

    volatility_rows.py COPY CACHE SYMBOLS IMAGE PAGING ROOT PLUGIN...

Does what `vol.py -r json` of the folder COPY does, but looks for the kernel and scans memory once:
a plug-in after the first is given the kernel that was found for it. Where none is found the layers
are named, and PAGING (WindowsIntel, WindowsIntelPAE, WindowsIntel32e) with the ROOT of the page
tables.

Prints {"how": "found" or "told", "plugins": {PLUGIN: {"rows", "error": the words with which it
failed, or null}}}, or {"refused": the words with which the layers refused the image}.
"""
import contextlib
import io
import json
import logging
import sys

copy, cache, symbols, image, paging, root, *names = sys.argv[1:]
sys.path.insert(0, copy)

import volatility3.plugins
import volatility3.symbols
from volatility3 import framework
from volatility3.cli import text_renderer
from volatility3.framework import automagic, constants, contexts
from volatility3.framework.automagic import stacker
from volatility3.framework.configuration import requirements

KERNEL = "plugins.{}.kernel"
POOL_TAGS = [b"Pro\xe3", b"Proc", b"Thr\xe5", b"Thre", b"Sym\xe2", b"Symb", b"Mut\xe1", b"Muta"]
MEMORY = {b"PAGEDU64": "crash.WindowsCrashDump64Layer",
          b"PAGEDUMP": "crash.WindowsCrashDump32Layer",
          b"\x7fELF\2\1\1\0": "elf.Elf64Layer"}


class Refusals(logging.Handler):
    """What the layers say of an image that they do not take."""

    def __init__(self):
        super().__init__(1)
        self.words = []

    def emit(self, record):
        message = record.getMessage()
        if record.name.endswith(("layers.crash", "automagic.pdbscan")):
            if message.startswith(("unsupported", "No suitable")) and message not in self.words:
                self.words.append(message)


def find_kernel(plugin, configuration):
    """A context in which the plug-in's requirements are met, or None."""
    context = contexts.Context()
    automagics = automagic.choose_automagic(automagic.available(context), plugin)
    for path, value in configuration.items():
        context.config[path] = value
    context.config["automagic.LayerStacker.stackers"] = stacker.choose_os_stackers(plugin)
    automagic.run(automagics, context, plugin, "plugins", progress_callback=lambda *_: None)
    return None if plugin.unsatisfied(context, f"plugins.{plugin.__name__}") else context


def guessed():
    """What `-f` says: Volatility looks for everything itself."""
    return {"automagic.LayerStacker.single_location": location()}


def told(plugin):
    """What a file for `-c` says: the layers, and where the page tables are."""
    with open(image, "rb") as file:
        memory = MEMORY[file.read(8)]
    kernel = KERNEL.format(plugin.__name__) + ".layer_name"
    layers = "volatility3.framework.layers."
    return {f"{kernel}.class": f"{layers}intel.{paging}",
            f"{kernel}.page_map_offset": int(root, 16),
            f"{kernel}.memory_layer.class": layers + memory,
            f"{kernel}.memory_layer.base_layer.class": f"{layers}physical.FileLayer",
            f"{kernel}.memory_layer.base_layer.location": location()}


def location():
    return requirements.URIRequirement.location_from_file(image)


def scan_once(scanner):
    """Has all plug-ins share one scan for the tags that any of them wants."""
    scan, found = scanner.pool_scan, {}

    def pool_scan(context, layer_name, symbol_table, pool_constraints, alignment=8,
                  progress_callback=None):
        if layer_name not in found:
            constraints = scanner.builtin_constraints(symbol_table, POOL_TAGS)
            found[layer_name] = list(scan(context, layer_name, symbol_table, constraints,
                                          alignment))
        wanted = {constraint.tag for constraint in pool_constraints}
        return [pair for pair in found[layer_name] if pair[0].tag in wanted]

    scanner.pool_scan = pool_scan


def rows_of(context, plugin):
    """Its rows up to where it fails, and the words with which it does."""
    tree = plugin(context, f"plugins.{plugin.__name__}").run()
    error = tree.populate(fail_on_errors=False)
    with contextlib.redirect_stdout(io.StringIO()) as text:
        text_renderer.JsonRenderer().render(tree)
    return json.loads(text.getvalue()), error and f"{type(error).__name__}: {error}"


def main():
    constants.OFFLINE, constants.CACHE_PATH = True, cache
    volatility3.symbols.__path__ = [symbols] + constants.SYMBOL_BASEPATHS
    log = logging.getLogger()
    refusals = Refusals()
    log.handlers = [refusals]
    log.setLevel(1)
    framework.import_files(volatility3.plugins, True)
    found = framework.list_plugins()
    # The registry, which has users' names, is not what is compared.
    found["windows.getsids.GetSIDs"].lookup_user_sids = lambda self: {}
    scan_once(found["windows.poolscanner.PoolScanner"])
    first = found[names[0]]
    how, context = "found", find_kernel(first, guessed())
    if not context:
        how, context = "told", find_kernel(first, told(first))
    if not context:
        json.dump({"refused": refusals.words}, sys.stdout)
        return
    log.setLevel(logging.CRITICAL)
    known = context.config.branch(KERNEL.format(first.__name__))
    result = {"how": how, "plugins": {}}
    for name in names:
        plugin = found[name]
        path = KERNEL.format(plugin.__name__)
        context.config.splice(path, known)
        context.config[path] = context.config[KERNEL.format(first.__name__)]
        try:
            rows, error = rows_of(context, plugin)
        except Exception as failure:
            rows, error = [], f"{type(failure).__name__}: {failure}"
        result["plugins"][name] = {"rows": rows, "error": error}
    json.dump(result, sys.stdout)


main()
