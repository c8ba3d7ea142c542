# SPDX-License-Identifier: GPL-2.0-only
"""Prints all results in a database but where they came from, in one fixed form."""
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
for table in ('captures', 'runs', 'params', 'run_orders', 'zones', 'samples', 'probes'):
    for row in sorted(db.execute(f'SELECT * FROM {table}'), key=repr):
        print(table, *row, sep='|')
