"""The power fails: the log of a real server that signed people up is cut at any byte, torn, or half checked in.

What SQLite then opens has to be an exact prefix of the commits, whole people with their deliveries, and hold everybody
who was answered. The second recording's log was begun anew, so that older frames lie behind the new ones.
"""

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from power_cut import Cut, Kept, Recording, record
from running import PASSWORD, Simulator, connected, request, running, until
from wal_file import FRAME_HEADER, HEADER, Wal

pytestmark = pytest.mark.slow

SEED = 20261125
# People one after another, and at once. The second time fewer, so that frames of the first are left in the log.
SIZES: Mapping[str, tuple[int, int]] = {"fresh": (5, 8), "anew": (3, 4)}
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
delivery: {{lease_s: 5}}
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Recording]]:
    """Two runs of one server, each killed; its simulator stays."""
    folder = tmp_path_factory.mktemp("live")
    simulator = Simulator(folder)
    with running(simulator):
        server = connected(folder, simulator, CONFIG.format(folder=folder), "--dispatcher", "inside")
        made = {
            name: record(server, simulator, tmp_path_factory.mktemp(name), name, *size) for name, size in SIZES.items()
        }
        yield made


@pytest.fixture(params=list(SIZES))
def recording(request: pytest.FixtureRequest, recordings: dict[str, Recording]) -> Recording:
    found: Recording = recordings[request.param]
    return found


@pytest.fixture
def cut(recording: Recording, tmp_path: Path) -> Cut:
    return Cut(recording, tmp_path)


def require_whole_prefix(kept: Kept, recording: Recording, before: frozenset[str], frames: int) -> None:
    """Whole people only, nobody without those before, and everybody who was answered by then."""
    assert before <= kept.people
    own = [email for email in recording.order() if email in kept.people]
    one_by_one = [email for email in recording.order() if email.startswith("one")]
    assert [email for email in own if email.startswith("one")] == one_by_one[: len(kept.people & set(one_by_one))]
    assert {name: count for name, count in kept.rows.items() if name != "orphans"} == dict.fromkeys(
        (name for name in kept.rows if name != "orphans"), len(kept.people)
    )
    assert kept.rows["orphans"] == 0
    answered = {email for email, (_, known) in recording.answered.items() if known <= frames}
    assert answered <= kept.people


def appearances(cut: Cut) -> dict[str, int]:
    """The commit (its last frame) that brought each person, by looking after every commit."""
    found: dict[str, int] = {}
    cut.restore()
    for frames in reversed((0, *cut.wal.commits)):
        os.truncate(cut.log, cut.wal.end_of(frames))
        found |= dict.fromkeys(cut.look().people, frames)
    return found


def test_the_recording_is_worth_looking_at(recording: Recording, cut: Cut) -> None:
    people, crowd = SIZES[recording.name]
    assert len(recording.answered) == people + crowd
    assert len(cut.wal.commits) > 3 * people
    assert cut.wal.frames > 10 * len(cut.wal.commits)
    if recording.name == "anew":
        assert cut.log.stat().st_size > cut.wal.end_of(cut.wal.frames)


def test_every_commit_is_a_whole_prefix(recording: Recording, cut: Cut) -> None:
    seen: list[tuple[int, Kept]] = []
    for frames in reversed((0, *cut.wal.commits)):
        os.truncate(cut.log, cut.wal.end_of(frames))
        seen.append((frames, cut.look()))
    before: frozenset[str] = frozenset()
    for frames, kept in reversed(seen):
        assert kept.accepted == frames
        require_whole_prefix(kept, recording, before, frames)
        before = kept.people
    assert set(recording.answered) <= before


def chosen_cuts(wal: Wal, is_thorough: bool) -> set[int]:
    """All ends of frames, the bytes around ends of commits, and bytes chosen by chance; if thorough, also every byte
    of the header and of a commit's last frame."""
    chance = random.Random(SEED)
    cuts = {wal.end_of(frame) for frame in range(wal.frames + 1)}
    cuts |= {wal.end_of(frame) + step for frame in wal.commits for step in (-1, 1)}
    cuts |= {chance.randrange(wal.end_of(wal.frames)) for _ in range(300)}
    if is_thorough:
        last = wal.commits[1]
        cuts |= set(range(HEADER)) | set(range(wal.end_of(last - 1), wal.end_of(last)))
    return cuts


def test_cut_at_any_byte_the_commits_before_it_count_and_no_others(recording: Recording, cut: Cut) -> None:
    wal = cut.wal
    for at in sorted(chosen_cuts(wal, recording.name == "fresh"), reverse=True):
        if at <= cut.log.stat().st_size:
            os.truncate(cut.log, at)
            assert cut.accepted() == wal.last_commit(wal.frames_within(at)), at


def test_a_stale_index_is_not_believed(cut: Cut) -> None:
    """The -shm of the longer log lies beside the cut one, as after a crash of the machine."""
    wal = cut.wal
    with cut.opened() as connection:
        connection.execute("SELECT COUNT(*) FROM identities").fetchone()
        index = cut.index.read_bytes()
    for frames in random.Random(SEED).sample(range(wal.frames), 40):
        cut.restore()
        os.truncate(cut.log, wal.end_of(frames))
        cut.index.write_bytes(index)
        assert cut.accepted(with_old_index=True) == wal.last_commit(frames)


def test_a_torn_page_ends_the_log_before_its_commit(cut: Cut) -> None:
    """The second half of a page never reached the disk, or one sector in the middle of the log did not."""
    chance, wal = random.Random(SEED), cut.wal
    torn = [(frame, wal.page_size // 2) for frame in wal.commits]
    torn += [(chance.randrange(1, wal.frames + 1), chance.randrange(0, wal.page_size, 512)) for _ in range(100)]
    for frame, offset in torn:
        cut.restore()
        at = wal.end_of(frame - 1) + FRAME_HEADER + offset
        size = wal.page_size // 2 if offset == wal.page_size // 2 else 512
        with cut.log.open("r+b") as file:
            file.seek(at)
            was = file.read(size)
            file.seek(at)
            # Of something that is zero already the other bits have to differ.
            file.write(bytes(size) if any(was) else b"\xff" * size)
        assert cut.accepted() == wal.last_commit(frame - 1)


def test_a_checkpoint_in_progress_changes_nothing(cut: Cut, tmp_path: Path) -> None:
    """Any of its pages may have reached the file, in any order, one of them in half, while the log is still whole."""
    whole = cut.look()
    before = cut.database.read_bytes()
    after = checked_in(cut, tmp_path / "checked")
    size, chance = cut.wal.page_size, random.Random(SEED)
    changed = [at for at in range(0, len(after), size) if after[at : at + size] != before[at : at + size]]
    assert len(changed) > 10
    for turn in range(40):
        mixed = bytearray(after[: len(before)] if turn % 2 else before)
        for at in chance.sample(changed, chance.randrange(1, len(changed))):
            half = size // 2 if chance.random() < 0.2 else size
            source = before if turn % 2 else after
            mixed[at : at + half] = source[at : at + half].ljust(half if at < len(mixed) else 0, b"\0")
        cut.restore()
        cut.database.write_bytes(mixed)
        assert cut.look() == whole


def checked_in(cut: Cut, folder: Path) -> bytes:
    """The file after the whole log was written back into it."""
    folder.mkdir()
    database = Path(shutil.copy(cut.database, folder))
    shutil.copy(cut.log, folder)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.read_bytes()


def test_whoever_was_answered_had_been_synced(recording: Recording, cut: Cut) -> None:
    """Commits without a sync of their own (begun flows, leads, calls) lie between; the next sync takes them along."""
    if recording.syncs is None:
        pytest.skip("strace is missing or may not watch processes here: the moments of the syncs are unknown")
    came = appearances(cut)
    for email, (answered_at, _) in recording.answered.items():
        synced = max((until for ended_at, until in recording.syncs if ended_at <= answered_at), default=0)
        assert synced >= cut.wal.end_of(came[email]), email


def cut_live(recording: Recording, wal: Wal, frames: int, more: int) -> None:
    """Puts the recording, cut some bytes behind that frame, in the place of the server's own files."""
    live = recording.server.config.parent
    shutil.copy(recording.database, live)
    os.truncate(shutil.copy(recording.log, live), wal.end_of(frames) + more)
    (live / "doorward.sqlite-shm").unlink(missing_ok=True)


@pytest.mark.parametrize(("recording", "more"), [("fresh", 0), ("anew", 1400)], indirect=["recording"])
def test_the_server_goes_on_after_the_cut(recording: Recording, cut: Cut, more: int) -> None:
    """Cut behind the last sync that an answer needed, or amid the next frame: all are there, and arrive once.

    A flow that was only begun is gone, which its owner is told; begun again it leads to the end.
    """
    frames = max(appearances(cut)[email] for email in recording.answered)
    cut_live(recording, cut.wal, frames, more)
    server, simulator = recording.server, recording.simulator
    with running(server):
        body = {"method": "password", "password": PASSWORD, "traits": {"email": "late@example.org"}}
        assert request("POST", recording.begun_flow, body).status == 404
        email = f"late-{recording.name}@example.org"
        assert server.sign_up(email, newsletter=True).status == 200
        until("every delivery to be settled", lambda: not server.open_deliveries(), 60)
        emails = simulator.emails()
        assert set(recording.answered) | {email} <= set(emails)
        assert len(emails) == len(set(emails))
        assert '"unexplained": 0' in json.dumps(server.told("hubspot", "check"))
