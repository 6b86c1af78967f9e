"""What the operator wrote, checked, as one frozen snapshot.

Knows the keys; leaves what they do to the packages that use them.
"""
