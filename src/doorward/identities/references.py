"""What identity schemas refer to outside themselves: files, and the web by the guarded way out."""

from collections.abc import Awaitable, Callable
from typing import Any

NOT_YET = "has not been read"


class References:
    """The documents of one schema's references. A compiler cannot wait, so what it misses is read between two tries.

    `read` gets a document by its address, and raises as it likes. `is_closed`: none is read at all
    (`security.disallow_ref_in_identity_schemas`): whoever writes a reference would have this server read its files and
    call addresses within its network.
    """

    def __init__(self, read: Callable[[str], Awaitable[Any]], *, is_closed: bool = False) -> None:
        self._read = read
        self._is_closed = is_closed
        self._documents: dict[str, Any] = {}
        self._missed: list[str] = []

    def find(self, uri: str) -> Any:
        """For the compiler, which would read files and call the web by itself otherwise. Raises ValueError."""
        if self._is_closed:
            raise ValueError(f"security.disallow_ref_in_identity_schemas forbids to read {uri[:200]}")
        if uri not in self._documents:
            self._missed.append(uri)
            raise ValueError(f"{uri[:200]} {NOT_YET}")
        return self._documents[uri]

    async def read_missed(self) -> bool:
        """Reads what was missed since the last time; whether there was anything."""
        missed, self._missed = self._missed, []
        for uri in missed:
            self._documents[uri] = await self._read(uri)
        return bool(missed)
