"""Say to which addresses events may be sent: none that only this machine, its network or its cloud can reach.

A name is looked up once, all that it stands for is checked, and the connection goes to what was checked. So neither
how an address is written, nor a name server that answers differently the next time, leads inside.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Sequence[str]]
"""Return the addresses that a host has for a port; raise OSError where it has none."""

_TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""Where IPv6 stands for IPv4 (RFC 6052, RFC 8215, RFC 2765)."""
_ISATAP = {0x00005EFE, 0x02005EFE}
"""What stands before an IPv4 address in one of IPv6 that leads to it (RFC 5214)."""
_UNICAST = IPv6Network("2000::/3")
"""Outside of it no address of IPv6 is reached from everywhere."""
_KEPT = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "3fff::/20")))
"""What was given up (RFC 7526) or is for examples (RFC 9637), which Python's own list does not know."""
_THIS_MACHINE = "localhost"
_PLAIN = (
    "only https is sent to, as events tell of customers;"
    " whoever runs Rapport can allow a host inside by RAPPORT_WEBHOOK_ALLOW"
)
PATIENCE_S = 1.0


class AddressRefused(Exception):
    """Events are not sent there; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Name what whoever runs Rapport allows inside: hosts by their names, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def has_host(self, host: str) -> bool:
        """Tell whether a host is allowed, wherever it is."""
        return host in self.hosts

    def has(self, address: Address) -> bool:
        """Tell whether an address is in a network that is allowed."""
        return any(address.version == network.version and address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Target:
    """Hold where to connect, with the name that the other side's certificate must have."""

    host: str
    port: int
    addresses: tuple[str, ...]
    path: str
    encrypted: bool

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.encrypted else 80) else f"{host}:{self.port}"


def resolve(url: str, allowed: Allowed = Allowed(), look_up: LookUp | None = None) -> Target:
    """Return where to connect for a URL; raise AddressRefused for what is inside, OSError for a name that is none."""
    parts, host, port, encrypted = _read(url)
    found = (look_up or _look_up)(host, port)
    if not found:
        raise OSError("the name stands for no address")
    _check_all(found, allowed, host, encrypted=encrypted)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, tuple(found), _quoted(path), encrypted)


def is_unknown(url: str, look_up: LookUp | None = None) -> bool:
    """Tell whether name servers say now that there is no host of this name; no answer in a second says nothing."""
    said: list[bool] = []

    def ask() -> None:
        try:
            _parts, host, port, _encrypted = _read(url)
            (look_up or _look_up)(host, port)
        except socket.gaierror as exc:
            said.append(exc.errno == socket.EAI_NONAME)
        except (OSError, AddressRefused, ValueError):
            return

    # A name server that is silent keeps whoever asks for longer than Slack waits.
    asking = threading.Thread(target=ask, name="look up", daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    return said == [True]


def check_form(url: str, allowed: Allowed = Allowed()) -> None:
    """Raise AddressRefused for a URL that is refused whatever names stand for; none is looked up."""
    _parts, host, port, encrypted = _read(url)
    if host == _THIS_MACHINE or host.endswith(f".{_THIS_MACHINE}"):
        _check_all(["127.0.0.1"], allowed, host, encrypted=encrypted)
        return
    try:
        found = _look_up(host, port, socket.AI_NUMERICHOST)
    except OSError:
        if not (encrypted or allowed.has_host(host) or allowed.networks):
            raise AddressRefused(_PLAIN) from None
        return
    _check_all(found, allowed, host, encrypted=encrypted)


def _read(url: str) -> tuple[SplitResult, str, int, bool]:
    """Return the parts of a URL, with its host, its port, and whether it is encrypted."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise AddressRefused("the port is none") from None
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise AddressRefused("the address is none of the web")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the address holds a name or a password")
    host = _ascii(parts.hostname)
    encrypted = parts.scheme.lower() == "https"
    return parts, host, port or (443 if encrypted else 80), encrypted


def _check_all(found: Sequence[str], allowed: Allowed, host: str, *, encrypted: bool) -> None:
    inside = allowed.has_host(host)
    for one in found:
        address = ipaddress.ip_address(one.partition("%")[0])
        inside = check(address, allowed, host=host) or inside
    if not encrypted and not inside:
        raise AddressRefused(_PLAIN)


def check(address: Address, allowed: Allowed = Allowed(), *, host: str = "") -> bool:
    """Return whether an address is one inside that is allowed; raise AddressRefused for one that is not."""
    if allowed.has(address):
        return True
    kind = _kind(address)
    if kind is None:
        return False
    # A name that is allowed may be anywhere in a private network, but no name leads to a cloud's metadata.
    if kind in {"private", "of this machine"} and allowed.has_host(host):
        return True
    raise AddressRefused(f"{address} is {kind}; whoever runs Rapport can allow it by RAPPORT_WEBHOOK_ALLOW")


def _kind(address: Address) -> str | None:
    """Say what keeps an address from being reached from everywhere; None where nothing does."""
    if (inner := _inner(address)) is not None:
        return _kind(inner) or "another form of an address"
    if address.is_loopback:
        return "of this machine"
    if address.is_link_local:
        return "of the local link, where clouds keep their metadata"
    if address.is_multicast:
        return "of many machines"
    if address.is_unspecified:
        return "no address"
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return "private"
    kept = any(address.version == network.version and address in network for network in _KEPT)
    return None if address.is_global and not kept else "private"


def _inner(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, None where it is one of its own."""
    if not isinstance(address, IPv6Address):
        return None
    for inner in (address.ipv4_mapped, address.sixtofour, address.teredo and address.teredo[1]):
        if inner:
            return inner
    if any(address in network for network in _TRANSLATED) or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _ascii(host: str) -> str:
    """Return a host's name as it is looked up, in the form in which every reader of it means the same."""
    try:
        return host.encode("idna").decode().lower().rstrip(".") if not host.isascii() else host.lower().rstrip(".")
    except UnicodeError:
        raise AddressRefused("the host's name is none") from None


def _quoted(path: str) -> str:
    return "".join(one if "!" <= one <= "~" else "".join(f"%{byte:02X}" for byte in one.encode()) for one in path)


def _look_up(host: str, port: int, flags: int = 0) -> Sequence[str]:
    # Numbers of all forms are read as the system reads them, and checked as what they were read for.
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as exc:
        raise OSError("the name is none") from exc
    return list(dict.fromkeys(str(one[4][0]) for one in found))
