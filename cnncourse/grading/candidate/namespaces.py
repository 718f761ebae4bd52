"""Linux calls that Python 3.11 lacks: namespaces, mounts, capabilities, and a few of prctl's switches."""

import ctypes
import os
import struct

NEWNS, NEWIPC, NEWUSER, NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_DEATH_SIGNAL, _DUMPABLE, _DROP_BOUND, _SUBREAPER, _NO_NEW_PRIVILEGES, _AMBIENT = 1, 4, 24, 36, 38, 47
_CAPABILITIES = 64  # numbers to drop: more than there are

libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    """Enter new namespaces."""
    _check(libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, options=None):
    """Mount; texts are paths or None."""
    texts = [text and str(text).encode() for text in (source, target, kind)]
    options = options and options.encode()
    _check(libc.mount(*texts, ctypes.c_ulong(flags), options), f"mount on {target}")


def switch(option, value, what):
    """One of prctl's switches."""
    _check(libc.prctl(option, value, 0, 0, 0), what)


def dumpable(value):
    """Whether others of this user may look into this process."""
    switch(_DUMPABLE, value, "dumpable")


def die_with_parent():
    """Be killed when the parent ends."""
    switch(_DEATH_SIGNAL, 9, "death signal")


def adopt_orphans():
    """Become the parent of grandchildren whose parent ends."""
    switch(_SUBREAPER, 1, "subreaper")


def no_new_privileges():
    """No program that is started gains rights from its file."""
    switch(_NO_NEW_PRIVILEGES, 1, "no new privileges")


def drop_capabilities():
    """Give up every capability, now and for all programs started later."""
    for number in range(_CAPABILITIES):
        libc.prctl(_DROP_BOUND, number, 0, 0, 0)  # fails for numbers that are none
    libc.prctl(_AMBIENT, 4, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    _check(libc.capset(header, bytes(24)), "capabilities")


def map_user(uid, gid):
    """In a new user namespace: be the user `uid` that one was outside."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
