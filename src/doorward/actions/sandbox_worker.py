"""The child process that evaluates templates, one at a time, started by its path with an empty environment.

It imports the interpreter and as little else as possible, then gives up memory, files and cores. Whatever a template
does to it, the parent loses one worker. The framing is documented in `worker.py`.
"""

import os
import resource
import signal
import struct
import sys
from typing import BinaryIO, NoReturn

import _gojsonnet

REQUEST = struct.Struct(">?dIII")
ANSWER = struct.Struct(">cI")
MAX_STACK = 500
ERROR_BYTES = 4096
NICENESS = 10
"""Requests of people go before templates, whatever a template does."""


def serve(requests: BinaryIO, answers: BinaryIO, memory_bytes: int) -> None:
    """Answers until the parent closes the pipe."""
    give_up_rights(memory_bytes)
    send(answers, b"+", b"")
    while header := requests.read(REQUEST.size):
        is_batch, cpu_s, output_bytes, template_size, context_size = REQUEST.unpack(header)
        template = requests.read(template_size).decode()
        context = requests.read(context_size).decode()
        # SIGPROF kills after this much processor time, summed over the interpreter's threads.
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        status, text = evaluate(template, context, is_batch=is_batch)
        signal.setitimer(signal.ITIMER_PROF, 0)
        outputs = [
            each.encode("utf-8", "replace") for each in (elements(text) if is_batch and status == b"+" else [text])
        ]
        longest = max(map(len, outputs), default=0)
        if status == b"+" and longest > output_bytes:
            status, outputs = b"O", [str(longest).encode()]
        send(answers, status, b"\0".join(outputs))


def evaluate(template: str, context: str, *, is_batch: bool) -> tuple[bytes, str]:
    """`+` and the output, `!` and the error text, or `M` when Python itself ran out of memory.

    Contexts travel as strings: JSON is parsed as JSON and never as code. A template need not be a function. A batch
    is an array of contexts (JSON texts): the template is read once for all of them, and its output is an array.
    """
    call = "if std.isFunction(_t) then _t(ctx=std.parseJson(_c)) else _t"
    body = f"[{call} for _c in std.parseJson(_cs)]" if is_batch else call
    argument = "_cs" if is_batch else "_c"
    snippet = f"function({argument}) local _t = ({template}\n); {body}"
    try:
        return b"+", _gojsonnet.evaluate_snippet("template", snippet, tla_vars={argument: context}, max_stack=MAX_STACK)
    except MemoryError:
        return b"M", ""
    except Exception as error:  # noqa: BLE001 - whatever it says goes to the parent
        return b"!", str(error)[:ERROR_BYTES]


def elements(array: str) -> list[str]:
    """The elements of an array as Jsonnet writes it, each exactly as if it stood alone.

    Jsonnet indents by three blanks and writes no line break within a string, so the layout tells the elements apart;
    reading the JSON instead would change how numbers are written.
    """
    inner = array.removeprefix("[\n   ").removesuffix("\n]\n")
    found: list[str] = []
    for part in inner.split(",\n   "):
        # A deeper line belongs to the element before.
        if part.startswith(" "):
            found[-1] += ",\n   " + part
        else:
            found.append(part)
    return [each.replace("\n   ", "\n") + "\n" for each in found]


def give_up_rights(memory_bytes: int) -> None:
    """Limits that cannot be raised again. Without file descriptors `importstr` and sockets are impossible."""
    # Go must have opened its poller and its heap before.
    _gojsonnet.evaluate_snippet("warm", "importstr '/dev/null'")
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = address_space_bytes()
    if size is not None:
        resource.setrlimit(resource.RLIMIT_AS, (size + memory_bytes, size + memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def address_space_bytes() -> int | None:
    """What the process has mapped; None where the system does not tell (then only time and output are limited)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - pathlib is an import too many
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def send(answers: BinaryIO, status: bytes, payload: bytes) -> None:
    """One frame: a status byte, the size, the payload."""
    answers.write(ANSWER.pack(status, len(payload)) + payload)
    answers.flush()


def main() -> NoReturn:
    """The argument is the memory allowance in bytes."""
    # A terminal's Ctrl-C is for the server, which ends its workers itself. A session of its own would do as well, and
    # cost answers: where Linux groups tasks by session, a niceness counts only within one.
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))
    sys.exit(0)


if __name__ == "__main__":
    main()
