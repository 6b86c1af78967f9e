"""An SQLite write-ahead log as bytes (https://www.sqlite.org/fileformat2.html#walformat), read without SQLite."""

import struct
from dataclasses import dataclass
from pathlib import Path

HEADER = 32
FRAME_HEADER = 24
# In the index (-shm): the number of the last frame that SQLite accepts, in its own byte order.
LAST_FRAME_AT = 16


@dataclass(frozen=True, slots=True)
class Wal:
    """The frames that belong to the log's present turn; a log that was begun anew keeps older ones behind them.

    `commits` are the numbers (from 1) of the frames that end a transaction.
    """

    page_size: int
    frames: int
    commits: tuple[int, ...]

    @classmethod
    def read(cls, path: Path) -> "Wal":
        raw = path.read_bytes()
        page_size, salts = struct.unpack(">I", raw[8:12])[0], raw[16:24]
        size, frames, commits = FRAME_HEADER + page_size, 0, []
        while HEADER + (frames + 1) * size <= len(raw):
            at = HEADER + frames * size
            if raw[at + 8 : at + 16] != salts:
                break
            frames += 1
            if struct.unpack(">I", raw[at + 4 : at + 8])[0]:
                commits.append(frames)
        return cls(page_size, frames, tuple(commits))

    def end_of(self, frame: int) -> int:
        """The byte behind this frame; behind the header for 0."""
        return HEADER + frame * (FRAME_HEADER + self.page_size)

    def frames_within(self, cut: int) -> int:
        """How many whole frames the first `cut` bytes hold."""
        return min(self.frames, max(0, (cut - HEADER) // (FRAME_HEADER + self.page_size)))

    def last_commit(self, frames: int) -> int:
        """The last of the first `frames` frames that ends a transaction; 0 for none."""
        return max((each for each in self.commits if each <= frames), default=0)


def accepted_frames(index: Path) -> int:
    """How many frames SQLite took for valid when it read the log."""
    with index.open("rb") as file:
        raw = file.read(LAST_FRAME_AT + 4)
    return int(struct.unpack("=I", raw[LAST_FRAME_AT:])[0])
