"""The console for administrators, read-only: what is delivered, what waits, what failed and what to do about it."""
