"""What a process tells the valgrind that it runs under: its client requests, made without a compiler.

A client request is a row of instructions that leaves a processor as it was, and that valgrind knows: rotations of a
register by 128 bits in all, then an exchange of a register with itself. They are in valgrind.h for C. Here they are
bytes in executable memory, called by ctypes. So neither a compiler nor headers must be there, nor a symbol of a library
that something else might call too. `callgrind_control` would do the same from outside, and come at any time.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
from enum import IntEnum

MACHINE_CODE = bytes.fromhex(
    "4889f8"  # mov rax, rdi: where the six words of the request are
    "31d2"  # xor edx, edx: the answer where no valgrind is
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi, 3, 13, 61 and 51
    "4887db"  # xchg rbx, rbx
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)


class Request(IntEnum):
    """Codes from valgrind.h and callgrind.h."""

    RUNNING = 0x1001
    MONITOR = 0x1202
    DUMP_AT = 0x43540003
    START = 0x43540004
    STOP = 0x43540005


class Asked:
    """A request, with a text where it takes one, ready to be made."""

    def __init__(self, request: Request, text: str = "") -> None:
        self.text = ctypes.create_string_buffer(text.encode())
        self.words = (ctypes.c_uint64 * 6)(int(request), ctypes.addressof(self.text))
        self.address = ctypes.addressof(self.words)


class Valgrind:
    """The way to the valgrind that this process runs under."""

    def __init__(self) -> None:
        if platform.machine() not in ("x86_64", "AMD64"):
            raise OSError(f"requests to valgrind are known for x86-64 alone, and this is {platform.machine()}")
        self._memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._memory.write(MACHINE_CODE)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self.tell = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(begin)
        """Makes the request at an address; of all ways this takes the fewest instructions, which count too."""
        running = Asked(Request.RUNNING)
        if not self.tell(running.address):
            raise OSError("this process does not run under valgrind")
