"""Invented contacts, the same for the same seed. Written through the ordinary rules, as an import would."""

from portalsim.contacts import writes
from portalsim.ledger import Origin
from portalsim.portal import Portal

FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "John", "Katherine", "Tim", "Radia", "Hedy")
LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Allen", "Backus", "Johnson", "Lee", "Lamarr")
CHUNK = 1_000


def seed_contacts(portal: Portal, count: int, domain: str) -> int:
    """How many were made. E-mails are numbered from the highest record id, so that seeding may be repeated."""
    origin = Origin(portal.new_uuid(), "", "seed", "IMPORT")
    for begin in range(0, count, CHUNK):
        with portal.database.together():
            for _ in range(min(CHUNK, count - begin)):
                first, last = portal.rng.choice(FIRST), portal.rng.choice(LAST)
                email = f"{first}.{last}.{portal.highest_id}@{domain}".lower()
                writes.create(portal, {"email": email, "firstname": first, "lastname": last}, origin)
    return count
