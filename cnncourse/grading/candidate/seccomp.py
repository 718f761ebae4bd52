"""A filter of system calls: what no exercise needs and an attack would like fails with "not permitted".

A list of what is forbidden on top of namespaces, not a wall by itself. Numbers are the kernel's, from
asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64).
"""

import ctypes
import platform
import struct

from .namespaces import _check, libc, no_new_privileges

# name: (x86_64, aarch64)
FORBIDDEN = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280), "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "shmget": (29, 194),
    "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "acct": (163, 89),
    "quotactl": (179, 60), "swapon": (167, 224), "reboot": (169, 142), "kexec_load": (246, 104),
    "init_module": (175, 105), "finit_module": (313, 273), "personality": (135, 92), "vmsplice": (278, 75),
}  # fmt: skip
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
NAMESPACES = 0x7E020000  # clone's flags for a new namespace of any kind
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
UNIX = 1  # the one family of sockets that stays within the machine and its processes

_LOAD, _EQUAL, _ANY_BIT, _ABOVE, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NOT_PERMITTED, _NO_SUCH_CALL = _ERROR | 1, _ERROR | 38


def supported():
    """Whether this machine's numbers are known."""
    return platform.machine() in ARCHITECTURES


def program(machine):
    """The filter as a list of (code, jump if true, jump if false, operand)."""
    column, architecture = ARCHITECTURES[machine]
    filters = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_ABOVE, 0, 1, 0x40000000), (_RETURN, 0, 0, _NOT_PERMITTED),  # x86's x32 numbers
        (_EQUAL, 0, 1, CLONE3[column]), (_RETURN, 0, 0, _NO_SUCH_CALL),  # its flags are out of reach
        (_EQUAL, 0, 3, CLONE[column]), (_LOAD, 0, 0, 16),
        (_ANY_BIT, 0, 1, NAMESPACES), (_RETURN, 0, 0, _NOT_PERMITTED), (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 4, SOCKET[column]), (_LOAD, 0, 0, 16),
        (_EQUAL, 1, 0, UNIX), (_RETURN, 0, 0, _NOT_PERMITTED), (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    for numbers in FORBIDDEN.values():
        filters += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _NOT_PERMITTED)]
    return [*filters, (_RETURN, 0, 0, _ALLOW)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filters", ctypes.c_void_p))


def restrict():
    """Filter the calls of this process and of all that it starts, for good."""
    filters = program(platform.machine())
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in filters))
    no_new_privileges()
    pointer = ctypes.byref(_Program(len(filters), ctypes.addressof(packed)))
    _check(libc.prctl(22, 2, pointer, 0, 0), "seccomp")
