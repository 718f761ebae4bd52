"""Messages between a grader and a candidate: a JSON header, then raw bytes. No zip, no pickle.

Both ends use this file. Whoever reads checks every size before anything is allocated, and takes nothing for
granted: what does not fit the format is a `WireError`, whatever the other side intended with it.
"""

import json
import math
import struct
import time

import numpy as np

HEADER = 4 << 20  # bytes of JSON in one message, at most
BODY = 64 << 20  # bytes of arrays in one message, at most
DTYPES = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
          "float32", "float64", "complex64", "complex128"}  # fmt: skip
DIMENSIONS = 32
_SIZES = struct.Struct("!II")


class WireError(ValueError):
    """What came is no message of ours."""


class Closed(WireError):
    """The other side is gone."""


class Late(Exception):
    """Nothing whole came in time."""


def encode(value, arrays, special=None):
    """`value` as JSON-able tree; its arrays go to `arrays`. `special(value)` gives (tag, plainer value)."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [encode(item, arrays, special) for item in value]
    if type(value) in (tuple, set):
        return {"tuple": [encode(item, arrays, special) for item in value]}
    if type(value) is dict:
        return {"dict": [[encode(part, arrays, special) for part in pair] for pair in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in DTYPES:
        arrays.append(np.require(value, value.dtype.name, "C"))  # by name: in this machine's order of bytes
        return {"array": len(arrays) - 1}
    if special is not None:
        tag, inner = special(value)
        return {tag: encode(inner, arrays, special)}
    raise WireError(f"a {type(value).__name__} does not cross")


def decode(tree, arrays, special=None):
    """What `encode` was given. `special` maps further tags to functions; without it, plain data alone."""
    if type(tree) is list:
        return [decode(item, arrays, special) for item in tree]
    if type(tree) is not dict:
        return tree
    if len(tree) != 1:
        raise WireError("an odd tag")
    ((tag, inner),) = tree.items()
    if tag == "array":
        return _pick(arrays, inner)
    if tag == "tuple" and type(inner) is list:
        return tuple(decode(item, arrays, special) for item in inner)
    if tag == "dict" and type(inner) is list:
        return _decode_dict(inner, arrays, special)
    if special is not None and tag in special:
        return special[tag](decode(inner, arrays, special))
    raise WireError(f"an unknown tag {tag!r:.40}")


def _pick(arrays, index):
    if type(index) is not int or not 0 <= index < len(arrays):
        raise WireError("an array that is not there")
    return arrays[index]


def _decode_dict(pairs, arrays, special):
    found = {}
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2:
            raise WireError("an odd pair")
        key, value = (decode(part, arrays, special) for part in pair)
        if type(key) not in (str, int, float, bool, type(None)):
            raise WireError("an odd key")
        found[key] = value
    return found


class Channel:
    """One end of a connected socket, with a clock."""

    def __init__(self, socket):
        self.socket = socket

    def send(self, value, special=None, seconds=60.0):
        """Send `value` whole. Raises Late where the other side does not take it in time."""
        arrays = []
        tree = encode(value, arrays, special)
        described = [[array.dtype.name, list(array.shape)] for array in arrays]
        header = json.dumps([tree, described]).encode()
        size = sum(array.nbytes for array in arrays)
        self.socket.settimeout(seconds)
        try:
            self.socket.sendall(_SIZES.pack(len(header), size) + header)
            for array in arrays:
                self.socket.sendall(array.tobytes())
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed("nobody listens") from None

    def receive(self, seconds=None, special=None):
        """The next message. Raises Late, Closed, or WireError for what is no message."""
        deadline = None if seconds is None else time.monotonic() + seconds
        length, size = _SIZES.unpack(self._exactly(_SIZES.size, deadline))
        if length > HEADER or size > BODY:
            raise WireError(f"a message of {length + size:,} bytes")
        header, body = self._exactly(length, deadline), self._exactly(size, deadline)
        try:
            tree, described = json.loads(header)
            return decode(tree, _arrays(described, body), special)
        except WireError:
            raise
        except (ValueError, TypeError, RecursionError, MemoryError, OverflowError) as error:
            raise WireError(f"not a message: {type(error).__name__}") from None

    def _exactly(self, count, deadline):
        buffer = bytearray()
        while len(buffer) < count:
            buffer += self._some(min(1 << 20, count - len(buffer)), deadline)
        return buffer

    def _some(self, count, deadline):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise Late
        self.socket.settimeout(left)
        try:
            came = self.socket.recv(count)
        except TimeoutError:
            raise Late from None
        except OSError:
            came = b""
        if not came:
            raise Closed("the other side is gone")
        return came

    def close(self):
        """Hang up."""
        self.socket.close()


def _arrays(described, body):
    """The arrays that a body holds, one after the other; together they are the body, to the byte."""
    arrays, at = [], 0
    for name, shape in described:
        if type(name) is not str or name not in DTYPES or type(shape) is not list or len(shape) > DIMENSIONS:
            raise WireError("an odd array")
        if any(type(side) is not int or not 0 <= side <= BODY for side in shape):
            raise WireError("an odd shape")
        dtype = np.dtype(name)
        end = at + math.prod(shape) * dtype.itemsize
        if end > len(body):
            raise WireError("an array of more than came")
        arrays.append(np.frombuffer(body, dtype, math.prod(shape), at).reshape(shape))
        at = end
    if at != len(body):
        raise WireError("bytes that belong to no array")
    return arrays
