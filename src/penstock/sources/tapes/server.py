"""The HTTP side of a player."""

from __future__ import annotations

import logging
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import UsageError
from penstock.sources.tapes.answers import SIMULATED_HEADER
from penstock.sources.tapes.faults import FaultKind

if TYPE_CHECKING:
    from penstock.sources.http.exchange import Answer
    from penstock.sources.tapes.player import TapePlayer

_log = logging.getLogger(__name__)


class TapeServer(ThreadingHTTPServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, player: TapePlayer) -> None:
        from penstock.sources.tapes.player import HOST

        self.player = player
        super().__init__((HOST, player.port), TapeHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what a client that hung up has caused; it is no fault of the server."""
        del request
        _log.info("a request of %s ended early", client_address, exc_info=True)


class TapeHandler(BaseHTTPRequestHandler):
    """Turns one request into one answer of the player."""

    protocol_version = "HTTP/1.1"
    server: TapeServer

    def do_GET(self) -> None:
        """Answer."""
        player = self.server.player
        request, fault = player.note(self.path)
        if fault is not None and fault.fault == FaultKind.SLOW and player.wait(float(fault.told)):
            return
        self._send(player.answer(request, fault), cut=fault is not None and fault.fault == FaultKind.CUT)

    def _send(self, answer: Answer, *, cut: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.server.player.tape.label.simulated:
            self.send_header(SIMULATED_HEADER, "yes")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        if cut:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Write to the log, not to standard error."""
        _log.info(format, *args)


def listen(player: TapePlayer) -> TapeServer:
    """Return a server that listens on the player's port.

    Raises
    ------
    UsageError
        If the port is taken or not allowed.
    """
    try:
        return TapeServer(player)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"Port {player.port} cannot be used ({error}); give another one, or 0 for any that is free."
        ) from error
