"""The PostgreSQL engine: a pool of asyncpg connections, retries after conflicts, LISTEN on a connection of its own."""
