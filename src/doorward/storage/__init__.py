"""Keeps rows durably on SQLite or PostgreSQL: transactions, reads, wakes, migrations. Knows no business word.

What the rows mean is the business of the packages above; they write their SQL by hand and see `contract` only.
"""
