# SPDX-License-Identifier: GPL-2.0-only
# For gdb on a stopped x86_64 guest with its kernel's debug information: the free lists and per-cpu lists, one a line, as
# traces/lab/tools/snapshot-lists prints them. It shares nothing with zonereplay's own reader: types come from DWARF, memory
# through the guest's page tables.
import gdb

LONG = gdb.lookup_type("unsigned long")
PAGE = gdb.lookup_type("struct page")
VMEMMAP = int(gdb.parse_and_eval("vmemmap_base"))
LRU_OFFSET = int(gdb.parse_and_eval("(unsigned long)&((struct page *)0)->lru"))
# The kernel's numbers of migratetypes and ours are the same where CMA is off, but for ISOLATE.
TYPES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 5}


def walk(head):
    pfns = []
    start = int(head.address)
    link = int(head["next"])
    while link != start:
        page = link - LRU_OFFSET
        pfns.append((page - VMEMMAP) // PAGE.sizeof)
        link = int(gdb.Value(link).cast(LONG.pointer()).dereference())
    return pfns


def show(kind, a, b, c, head):
    pfns = walk(head)
    if pfns:
        print("%s %d %d %d: %s" % (kind, a, b, c, " ".join(map(str, pfns))))


node = gdb.parse_and_eval("node_data[0]").dereference()
offset = int(gdb.parse_and_eval("__per_cpu_offset[0]"))
zones = node["node_zones"]
for z in range(zones.type.range()[1] + 1):
    zone = zones[z]
    if int(zone["managed_pages"]["counter"]) == 0:
        continue
    areas = zone["free_area"]
    for o in range(areas.type.range()[1] + 1):
        lists = areas[o]["free_list"]
        for t in range(lists.type.range()[1] + 1):
            show("buddy", z, o, TYPES[t], lists[t])
for z in range(zones.type.range()[1] + 1):
    zone = zones[z]
    if int(zone["managed_pages"]["counter"]) == 0:
        continue
    address = int(zone["per_cpu_pageset"]) + offset
    pcp = gdb.Value(address).cast(gdb.lookup_type("struct per_cpu_pages").pointer()).dereference()
    for i in range(pcp["lists"].type.range()[1] + 1):
        show("pcp", z, 0, i, pcp["lists"][i])
