"""The steps of the schema in order. A released step is never changed; a change is a new step, listed here."""

from doorward.storage.migration import Migration
from doorward.storage.migrations import m0001_initial

MIGRATIONS: tuple[Migration, ...] = (Migration(m0001_initial.VERSION, m0001_initial.NAME, m0001_initial.statements),)
