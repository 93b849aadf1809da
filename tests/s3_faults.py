"""A proxy before an S3 server that loses, breaks, cuts and delays a share of what passes.

    with faulty_s3(s3_endpoint.url, share=0.3, seed=7) as faulty:
        point_s3_at(monkeypatch, faulty.url)
        ...
    assert faulty.injected["lost answer"] > 0

``python -m tests.s3_faults UPSTREAM --share 0.3`` runs it in a process of its own, prints its
URL, and at the end of its standard input what it injected, as JSON.
"""

import argparse
import http.client
import http.server
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

BROKEN = "500"
SLOW_DOWN = "503"
RESET = "reset before"  # the server never heard of the request
LOST = "lost answer"  # the server carried it out, and its answer never came
CUT = "cut body"  # fewer bytes than Content-Length says
SLOW = "slow"
KINDS = (BROKEN, SLOW_DOWN, RESET, LOST, CUT, SLOW)

# Refusals that do not come by chance, as a right store has a reason for them.
DENIED = "403"
IS_THERE = "412"
CONFLICT = "409"  # another conditional PUT of that name is under way

REFUSALS = {
    BROKEN: (500, "InternalError"),
    SLOW_DOWN: (503, "SlowDown"),
    DENIED: (403, "AccessDenied"),
    IS_THERE: (412, "PreconditionFailed"),
    CONFLICT: (409, "ConditionalRequestConflict"),
}
# Those of one connection; the proxy has two. The proxy itself answers Expect.
OF_A_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "te", "upgrade"}
PIECE = 1 << 16


class FaultyS3(http.server.ThreadingHTTPServer):
    """The proxy. ``injected`` counts its faults by kind, ``passed`` the methods it forwarded."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        upstream: str,
        share: float = 0.0,
        seed: int = 0,
        kinds: Sequence[str] = KINDS,
        slow_seconds: float = 0.2,
    ) -> None:
        """Listens on a free port; of all requests a ``share`` from 0 to 1 meets a fault."""
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.upstream = urlsplit(upstream).netloc
        self.share = share
        self.kinds: Sequence[str] = kinds
        self.slow_seconds = slow_seconds
        self.injected: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._scripted: deque[tuple[str, str, str]] = deque()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_port}"

    def script(self, kind: str, method: str, path_has: str = "") -> None:
        """The next request of that method, with that in its path, meets a fault of that kind.

        Several may wait; a request that none of them means is left to chance.
        """
        assert kind in {*KINDS, *REFUSALS}
        with self._lock:
            self._scripted.append((kind, method, path_has))

    def calm(self) -> None:
        """Injects nothing from now on, and counts from zero."""
        with self._lock:
            self.share, self.kinds = 0.0, KINDS
            self._scripted.clear()
            self.injected.clear()
            self.passed.clear()

    def fault_for(self, method: str, path: str) -> str | None:
        """What a request is to meet, if anything."""
        with self._lock:
            for scripted in self._scripted:
                kind, its_method, path_has = scripted
                if method == its_method and path_has in path:
                    self._scripted.remove(scripted)
                    return kind
            if self._random.random() >= self.share:
                return None
            kinds = [kind for kind in self.kinds if kind != CUT or method == "GET"]
            return self._random.choice(kinds) if kinds else None

    def count(self, counter: Counter[str], what: str) -> None:
        """Adds one; handlers run in threads."""
        with self._lock:
            counter[what] += 1

    def shutdown_request(self, request: Any) -> None:
        """Closes without the farewell of ``shutdown``, so that a reset can be one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or give up are expected; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Exchange(http.server.BaseHTTPRequestHandler):
    """One client's connection."""

    server: FaultyS3
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def exchange(self) -> None:
        """Forwards a request and its answer, or what the chosen fault leaves of them."""
        body = self._body()
        fault = self.server.fault_for(self.command, self.path)
        if fault in REFUSALS:
            self._inject(fault)
            self._refuse(*REFUSALS[fault])
        elif fault == RESET:
            self._inject(fault)
            self._reset()
        else:
            if fault == SLOW:
                self._inject(fault)
                time.sleep(self.server.slow_seconds)
            self._forward(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = exchange  # noqa: N815

    def _body(self) -> bytes:
        """The request's body, whole.

        Raises:
            ConnectionError: the client was killed in the middle of it; no store takes that for an
                object.
        """
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self._bytes(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self._line().split(b";")[0], 16):
            pieces.append(self._bytes(size))
            self._line()
        while self._line().strip():  # trailers
            pass
        return b"".join(pieces)

    def _bytes(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the client ended in mid-body")
        return data

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the client ended in mid-body")
        return line

    def _forward(self, body: bytes, fault: str | None) -> None:
        self.server.count(self.server.passed, self.command)
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # Host too: it is part of the signature
                if name.lower() not in OF_A_HOP | {"content-length"}:
                    upstream.putheader(name, value)
            if body or self.command in {"PUT", "POST"}:
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            if fault == LOST:
                answer.read()
                self._inject(fault)
                self._reset()
            else:
                self._pass_on(answer, is_cut=fault == CUT)
        finally:
            upstream.close()

    def _pass_on(self, answer: http.client.HTTPResponse, is_cut: bool) -> None:
        length, data = answer.headers.get("Content-Length"), b""
        if length is None:
            data = answer.read()
            length = str(len(data))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in OF_A_HOP | {"content-length"}:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", length)
        self.end_headers()
        if is_cut and int(length) > 1:
            self._inject(CUT)
            self.wfile.write((data or answer.read())[: int(length) // 2])
            self.close_connection = True
            return
        while data or (data := answer.read(PIECE)):
            self.wfile.write(data)
            data = b""

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """Ends the connection by RST, as a crashed peer or a full firewall table does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _inject(self, kind: str) -> None:
        self.server.count(self.server.injected, kind)

    def log_message(self, *_: object) -> None:
        """Says nothing; the counters do."""


@contextmanager
def faulty_s3(upstream: str, share: float = 0.0, **options: Any) -> Iterator[FaultyS3]:
    """The proxy, served by threads of this process."""
    with FaultyS3(upstream, share, **options) as server, served(server):
        yield server


@contextmanager
def served(server: FaultyS3) -> Iterator[None]:
    """Has a thread of this process answer for a proxy."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def main() -> None:
    """Serves until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("upstream")
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with faulty_s3(options.upstream, options.share, seed=options.seed) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    sys.stdout.write(json.dumps(server.injected) + "\n")


if __name__ == "__main__":
    main()
