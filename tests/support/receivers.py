"""Programs that are told events by webhooks: servers of this machine that answer as they are asked to."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.delivery.webhook_calls import WebhookCaller
from storage.webhooks.addresses import Allowed

HOST = "hooks.example"
HERE = Allowed(networks=(ip_network("127.0.0.1/32"),))


@dataclass
class Got:
    """Hold one request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Listen on a port; `answers` are the statuses of the next answers, then 204; `drip_s` slows each byte of them."""

    certificate: Path | None = None
    address: str = "127.0.0.1"
    answers: list[int] = field(default_factory=list)
    location: str = ""
    drip_s: float = 0.0
    got: list[Got] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                head = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n"
                head += f"Location: {receiver.location}\r\n" if receiver.location else ""
                self.close_connection = True
                for byte in f"{head}\r\n".encode() if receiver.drip_s else ():
                    try:
                        self.wfile.write(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(receiver.drip_s)
                if not receiver.drip_s:
                    self.wfile.write(f"{head}\r\n".encode())

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Say nothing: whoever asks may go."""

        self._server = Server((self.address, 0), Handler)
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.asked_for: list[str | None] = []
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/in", host: str = HOST) -> str:
        """Return an address at which it is."""
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def certificate(folder: Path, host: str = HOST) -> Path:
    """Write a key with a certificate for a host, signed by itself, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def names(*addresses: Sequence[str] | str) -> Callable[[str, int], Sequence[str]]:
    """Return a name server that gives these answers one after the other, the last for ever."""
    left = [[one] if isinstance(one, str) else list(one) for one in addresses]
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


def caller(*trusted: Path, look_up: Any = None, allowed: Allowed = HERE, timeout_s: float = 5.0) -> WebhookCaller:
    """Return what sends events to receivers of this machine, by whatever name."""
    context = ssl.create_default_context()
    for one in trusted:
        context.load_verify_locations(one)
    return WebhookCaller(allowed, look_up=look_up or names("127.0.0.1"), context=context, timeout_s=timeout_s)
