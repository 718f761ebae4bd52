"""Refuse the network to a Python that has this folder on its path: a chapter must run without one."""

import socket

_LOCAL = {"127.0.0.1", "::1", "localhost", "", None}


class Offline(OSError):
    """Raised where code asks for another machine."""


def _guard(method, host_of):
    def guarded(*arguments, **options):
        host = host_of(*arguments)
        if host not in _LOCAL:
            raise Offline(f"offline: asked for {host}, and the chapters must run without a network")
        return method(*arguments, **options)

    return guarded


def _peer(connection, address, *_):
    return address[0] if connection.family in (socket.AF_INET, socket.AF_INET6) else None


def _name(host, *_, **__):
    return host.decode() if isinstance(host, bytes) else host


socket.socket.connect = _guard(socket.socket.connect, _peer)
socket.socket.connect_ex = _guard(socket.socket.connect_ex, _peer)
socket.getaddrinfo = _guard(socket.getaddrinfo, _name)
socket.gethostbyname = _guard(socket.gethostbyname, _name)
