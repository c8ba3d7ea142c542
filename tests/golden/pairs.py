#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where every two shipped policies part, as the page policies/PAIRS.md.

Usage: pairs.py ZONEREPLAY SAMPLES POLICY... >PAIRS.md

Every pair must part at a recorded request of a shipped sample; one that never does is an error.
Pairs that do the same with their defaults have settings here that tell them apart.
"""
import itertools
import json
import subprocess
import sys

SAMPLES = ('hugealloc-6.1-ppc64el', 'hugealloc-6.1', 'hugealloc-6.1-i386')
# The samples' fragmentation indices for huge pages are above 900: lower thresholds decide nothing.
HIGH = 'extfrag_threshold=970'
SETTINGS = {
    ('threshold', 'threshold-hysteresis'):
        (f'threshold:{HIGH}', 'threshold-hysteresis:high=970,low=300', 'hugealloc-6.1'),
    ('threshold-hysteresis', 'slab-targeted'):
        ('threshold-hysteresis:high=970,low=300', f'slab-targeted:{HIGH}', 'hugealloc-6.1'),
    ('threshold', 'slab-targeted'):
        ('threshold', 'slab-targeted:reclaimable_share=1000,blocks=64', 'hugealloc-6.1'),
}
# What the slow path of 6.1 says by itself.
SAYINGS = {
    'compacts lightly before any reclaim': 'mm/page_alloc.c: __alloc_pages_slowpath, 6.1',
    'gives up: compaction did its utmost': 'mm/page_alloc.c: should_compact_retry, 6.1',
    'again: compaction may go further': 'mm/page_alloc.c: should_compact_retry, 6.1',
}
# Which function of which kernel is followed where a decision of that kind is made.
PLACES = {
    'zone_refused': 'mm/page_alloc.c: __zone_watermark_ok, 6.1',
    'zone_empty': 'mm/page_alloc.c: rmqueue, 6.1',
    'taken': 'mm/page_alloc.c: rmqueue, 6.1',
    'fallback': 'mm/page_alloc.c: __rmqueue_fallback, 6.1',
    'compaction_suitable': 'mm/compaction.c: compaction_suitable, 6.1',
    'compaction_deferred': 'mm/compaction.c: compaction_deferred, 6.1',
    'defer_compaction': 'mm/compaction.c: defer_compaction, 6.1',
    'compacted': 'mm/compaction.c: compact_zone, 6.1',
    'reclaimed': 'mm/vmscan.c: do_try_to_free_pages, 6.1',
    'lumpy_reclaimed': 'mm/vmscan.c: isolate_lru_pages, 2.6.34',
    'kswapd': 'mm/vmscan.c: balance_pgdat, 6.1',
    'kcompactd': 'mm/compaction.c: kcompactd_do_work, 6.1',
    'drained': 'mm/page_alloc.c: drain_all_pages, 6.1',
    'unreserved': 'mm/page_alloc.c: unreserve_highatomic_pageblock, 6.1',
}
# What is decided without a request, by a policy's tick.
TICKS = {
    'kernel': 'mm/compaction.c: should_proactive_compact_node, 6.1',
    'proactive': 'mm/compaction.c: should_proactive_compact_node, 6.1',
    'khugepaged': 'mm/khugepaged.c: collapse_huge_page, 6.1',
}


def place(side, decision):
    policy = side['policy']
    if not decision or decision['what'] == 'taken':
        if policy in TICKS and side['pages_moved']:
            return TICKS[policy]
    if not decision:
        return ''
    if decision['text'] in SAYINGS:
        return SAYINGS[decision['text']]
    if policy == 'lumpy' and decision['what'] == 'kswapd':
        return PLACES['lumpy_reclaimed']
    return PLACES.get(decision['what'], f'policies/{policy}.c')


def first_difference(sides):
    for pair in itertools.zip_longest(*(s['decisions'] for s in sides)):
        if pair[0] != pair[1]:
            return pair
    return None, None


def parting(zonereplay, samples, settings):
    for sample in settings[2:] or SAMPLES:
        out = subprocess.run([zonereplay, 'explain', f'{samples}/{sample}', '-p', settings[0],
                              '--against', settings[1], '--json'],
                             check=True, capture_output=True, text=True).stdout
        found = json.loads(out)['parting']
        if found['part']:
            return sample, found
    sys.exit(f'{settings[0]} and {settings[1]} do the same on every sample')


def cell(side, decision):
    did = decision['text'] if decision else 'nothing more'
    where = place(side, decision)
    work = f"{side['pages_reclaimed']} reclaimed, {side['pages_moved']} moved"
    return f'{did} ({work})' + (f' [{where}]' if where else '')


def main():
    zonereplay, samples, *policies = sys.argv[1:]
    print('''# Where every two policies part

Made by `tests/golden/pairs.sh` (`ZR_REWRITE=1` writes it anew) with `zonereplay explain CAPTURE -p A --against B`: up to the
request named, on that sample in `traces/samples`, both do exactly the same. Then each side's first decision that the other did
not make, what the request cost, and the kernel's function that it follows. Pairs that never part with their defaults have
settings that part them: fragmentation indices for huge pages are above 900 in the samples, so thresholds below decide nothing.

| A, B | sample, time, request | A | B |
|---|---|---|---|''')
    for pair in itertools.combinations(policies, 2):
        settings = SETTINGS.get(pair, pair)
        sample, found = parting(zonereplay, samples, settings)
        sides = found['sides']
        decisions = first_difference(sides)
        cells = [cell(s, d) for s, d in zip(sides, decisions)]
        print(f"| {settings[0]}, {settings[1]} | {sample}, {found['time'] / 1e9:.6f} s, "
              f"{found['request']} | {cells[0]} | {cells[1]} |")


main()
