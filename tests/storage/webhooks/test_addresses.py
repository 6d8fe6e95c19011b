"""Show that events go to no address inside, however it is written and whatever a name server says."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from storage.errors import Invalid
from storage.webhooks import addresses
from storage.webhooks.addresses import AddressRefused, Allowed, LookUp, check, resolve
from storage.webhooks.settings import check_url

INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
    "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:100.64.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fc00::1",
    "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1",
    "::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe", "2001:4860::5efe:7f00:1", "2001:4860::200:5efe:a00:1", "5f00::1",
    "100:0:0:1::1", "3fff::1", "4000::1", "192.88.99.1",
    # What stands for a public address in another form is one address with two names.
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    "::ffff:0:8.8.8.8", "2001:4860::5efe:808:808",
]  # fmt: skip
NUMBERS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "localhost",
    "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "１２７.0.0.1",
    "127。0。0。1", "①②⑦.0.0.1", "169.254.169.254", "2852039166", "[fe80::1]", "0xa9fea9fe",
    "[::ffff:0:127.0.0.1]", "0x7f.0x0.0x0.0x1", "0177.0.0.01",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111"]


def answering(*addresses: str) -> tuple[list[str], object]:
    asked: list[str] = []

    def look_up(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return addresses

    return asked, look_up


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    for found in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        asked, look_up = answering(*found)
        with pytest.raises(AddressRefused):
            resolve("https://hooks.example/in", look_up=look_up)  # type: ignore[arg-type]  # a stand-in
        assert asked == ["hooks.example"]


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_everybody_reaches_is_connected_to_as_it_was_checked(address: str) -> None:
    asked, look_up = answering(address)
    target = resolve("https://Hooks.Example:8443/in/é?a=1&b=%20", look_up=look_up)  # type: ignore[arg-type]  # a stand-in
    assert (target.addresses, target.host, target.port) == ((address,), "hooks.example", 8443)
    assert (target.path, target.authority) == ("/in/%C3%A9?a=1&b=%20", "hooks.example:8443")
    assert asked == ["hooks.example"]


@pytest.mark.parametrize("host", NUMBERS)
def test_a_host_in_any_form_is_read_as_the_system_reads_it(host: str) -> None:
    """Ask the system itself: what it takes for an address needs no name server."""
    for way in ("https", "http"):
        with pytest.raises((AddressRefused, socket.gaierror)):
            resolve(f"{way}://{host}/latest/meta-data")
            pytest.fail(f"{host} was let through")


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "https://", "https:///a",
     "https://user@example.com/", "https://user:pass@example.com/", "https://:@example.com/", "https://a b/",
     "https://example.com:99999/", "https://example.com:x/", "https://example.com/#x", "https://[::1",
     "https://example.com\\@127.0.0.1/", "https://example.com/\r\nHost:x", "javascript:alert(1)",
     "https://127.0.0.1@example.com/", f"https://example.com/{'x' * 2_000}"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused_when_it_is_added(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url)


@pytest.mark.parametrize("host", [*NUMBERS, *(f"[{one}]" if ":" in one else one for one in INSIDE if "%" not in one)])
def test_an_address_inside_is_refused_when_it_is_added_and_no_name_is_looked_up(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", partial(_numbers_alone, socket.getaddrinfo))
    with pytest.raises(Invalid) as refused:
        check_url(f"https://{host}/")
    assert "RAPPORT_WEBHOOK_ALLOW" in str(refused.value) or "is none" in str(refused.value)
    everywhere = Allowed(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert check_url(f"https://{host}/", everywhere)


def test_names_and_what_is_allowed_are_taken_when_they_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", partial(_numbers_alone, socket.getaddrinfo))
    allowed = Allowed(frozenset({"hooks.local"}), (ip_network("10.1.2.0/24"),))
    for url in ("https://hooks.example/in", "https://8.8.8.8/", "https://[2606:4700::1111]/"):
        assert check_url(url) == url
    for url in ("http://hooks.local/", "http://10.1.2.3/", "http://hooks.example/", "https://hooks.example/"):
        assert check_url(url, allowed) == url
    for url in ("http://hooks.example/", "http://8.8.8.8/"):
        with pytest.raises(Invalid, match="RAPPORT_WEBHOOK_ALLOW"):
            check_url(url, Allowed(frozenset({"hooks.local"})))
    with pytest.raises(Invalid, match="only https"):
        check_url("http://8.8.8.8/", allowed)


def _numbers_alone(ask: Callable[..., Any], host: str, port: int, **given: Any) -> Any:
    assert given["flags"] == socket.AI_NUMERICHOST, f"{host} was looked up"
    return ask(host, port, **given)


def test_nothing_is_sent_without_encryption_or_with_a_password() -> None:
    _asked, look_up = answering("8.8.8.8")
    for url in ("http://hooks.example/", "https://u:p@hooks.example/", "ftp://hooks.example/", "https://h:0x/"):
        with pytest.raises(AddressRefused):
            resolve(url, look_up=look_up)  # type: ignore[arg-type]  # a stand-in


def test_a_name_without_an_address_is_none() -> None:
    _asked, look_up = answering()
    with pytest.raises(OSError, match="no address"):
        resolve("https://hooks.example/", look_up=look_up)  # type: ignore[arg-type]  # a stand-in


def test_whoever_runs_rapport_allows_what_is_inside_by_name_or_network() -> None:
    allowed = Allowed(frozenset({"hooks.local"}), (ip_network("10.1.2.0/24"), ip_network("fd00::/8")))
    for host, address in (("hooks.local", "192.168.1.9"), ("x.example", "10.1.2.3"), ("y.example", "fd00::5")):
        _asked, look_up = answering(address)
        assert resolve(f"http://{host}/", allowed, look_up).addresses == (address,)  # type: ignore[arg-type]  # a stand-in
    for host, address in (
        ("x.example", "10.1.3.3"),
        ("not.hooks.local", "192.168.1.9"),
        ("hooks.local", "169.254.169.254"),
        ("hooks.local", "fe80::1"),
        ("y.example", "10.2.2.3"),
    ):
        _asked, look_up = answering(address)
        with pytest.raises(AddressRefused):
            resolve(f"https://{host}/", allowed, look_up)  # type: ignore[arg-type]  # a stand-in
    assert check(ip_address("8.8.8.8"), allowed) is False


def test_a_host_is_unknown_only_where_a_name_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(number: int) -> LookUp:
        def look_up(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(number, "as name servers say")

        return look_up

    def silent(host: str, port: int) -> Sequence[str]:
        time.sleep(2)
        raise socket.gaierror(socket.EAI_NONAME, "too late")

    assert addresses.is_unknown("https://hooks.example/", raising(socket.EAI_NONAME))
    assert not addresses.is_unknown("https://hooks.example/", raising(socket.EAI_AGAIN))
    assert not addresses.is_unknown("https://hooks.example/", silent)
    assert not addresses.is_unknown("https://hooks.example/", lambda _host, _port: ["8.8.8.8"])
    assert not addresses.is_unknown("no address", raising(socket.EAI_NONAME))
