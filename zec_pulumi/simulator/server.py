"""A running simulator: the HTTP server in a thread of this process, and its state."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.addresses import LOOPBACK, client_host, listen
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.cloud import Cloud, Timing
from zec_pulumi.simulator.controls import Controls
from zec_pulumi.simulator.persistence import Persistence
from zec_pulumi.simulator.world import load_seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    import uvicorn
    from typing_extensions import Self

    from zec_pulumi.simulator.certificate import Certificate
    from zec_pulumi.simulator.clock import ClockMode
    from zec_pulumi.simulator.cloud import Transition

START_TIMEOUT_SECONDS = 10


class Simulator(Controls):
    """A sandbox cloud on loopback, running inside ``with``.

    Example:
        >>> with Simulator(clock="manual") as sim:
        ...     sim.instance("1272168087751233112")["status"]
        'RUNNING'

    Args:
        seed: The cloud to begin with: a file, its parsed content, or None for the package's own world.
        clock: ``"real"``, ``"manual"`` (moves only by :meth:`advance`), or a factor of real time.
        rebuild_seconds: Simulated seconds a reinstall takes.
        stop_seconds: Simulated seconds a stop, start or reboot takes.
        transition: The status during a reinstall: ``DEPLOYING`` or ``REBUILDING``.
        host: The address to listen on. Everybody who can reach it can do anything with this simulator.
        port: TCP port; 0 picks a free one.
        tls: Speak https, with a certificate made for this run; clients need :attr:`ca_file`.
        state: A file to keep everything in; an existing one is gone on from, and ``seed`` must then be None or what
            it began with. Held open from now until the end of ``with``.
        observer: Called with every new ledger entry, in the server's thread.

    Raises:
        SetupError: The seed or the state file is not usable.
    """

    def __init__(
        self,
        seed: str | Path | dict[str, Any] | None = None,
        *,
        clock: ClockMode = "real",
        rebuild_seconds: float = 60.0,
        stop_seconds: float = 5.0,
        transition: Transition = "DEPLOYING",
        host: str = LOOPBACK,
        port: int = 0,
        tls: bool = False,
        state: str | Path | None = None,
        observer: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        ticking = SimulatorClock(clock)
        wanted = None if seed is None else load_seed(seed)
        self._listen_on = host
        self._port = port
        self._tls = tls
        self._state = state
        self._certificate: Certificate | None = None
        self._running = contextlib.ExitStack()
        self._persistence = None if state is None else Persistence(state, wanted)
        self._cloud = Cloud(
            wanted or load_seed(None) if self._persistence is None else self._persistence.seed,
            ticking,
            Timing(rebuild_seconds, stop_seconds, transition),
            actions={name for _, _, name in ACTIONS},
            observer=observer,
        )
        if self._persistence is not None:
            self._persistence.attach(self._cloud)

    def __enter__(self) -> Self:
        # Only a running simulator needs the HTTP packages: the command can then say which extra is missing.
        try:
            from zec_pulumi.simulator.certificate import make_certificate  # noqa: PLC0415 -- see above
            from zec_pulumi.simulator.serving import create_server  # noqa: PLC0415 -- the same
        except ModuleNotFoundError as error:
            raise RuntimeError("the simulator needs its extra: pip install 'zec_pulumi[simulator]'") from error
        with contextlib.ExitStack() as stack:
            self._keep_state(stack)
            listener = stack.enter_context(listen(self._listen_on, self._port))
            self._port = listener.getsockname()[1]
            self._certificate = None
            if self._tls:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="zec-simulator-"))
                self._certificate = make_certificate(folder, client_host(self._listen_on).strip("[]"))
            server = create_server(
                self._cloud, self._listen_on, None if self._certificate is None else self._certificate.server_file
            )
            thread = threading.Thread(target=server.run, args=([listener],), name="zec-simulator", daemon=True)
            thread.start()
            stack.callback(_stop, server, thread)
            _wait_until_started(server, thread)
            self._running = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, known once the simulator runs; another address if it listens on one."""
        return f"{client_host(self._listen_on)}:{self._port}"

    @property
    def url(self) -> str:
        """The address without a path, for example ``http://127.0.0.1:8080``."""
        return f"http{'s' if self._tls else ''}://{self.host}"

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority that a client must believe, as PEM; None without ``tls``. Gone at the end."""
        return None if self._certificate is None else self._certificate.ca_file

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point a client at this simulator, and let it believe it."""
        return {
            "ZENLAYERCLOUD_DOMAIN": self.host,
            "ZENLAYERCLOUD_SCHEME": "HTTPS" if self._tls else "HTTP",
            "ZENLAYERCLOUD_ACCESS_KEY_ID": self.access_key_id,
            "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": self.access_key_password,
            **self.trust(),
        }

    def trust(self) -> dict[str, str]:
        """Return the variables that let clients believe the certificate of this run; none without ``tls``.

        ``SSL_CERT_FILE`` for clients in Go (not on macOS) and OpenSSL, ``REQUESTS_CA_BUNDLE`` for Python's requests.
        """
        if self._certificate is None:
            return {}
        return dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self._certificate.bundle_file))

    def _keep_state(self, stack: contextlib.ExitStack) -> None:
        """Let the state file be closed at the end; entered again, the simulator goes on from it."""
        if self._persistence is None or self._state is None:
            return
        if self._persistence.closed:
            self._persistence = Persistence(self._state)
            self._cloud.reset(self._persistence.seed)
            self._persistence.attach(self._cloud)
        stack.callback(self._persistence.close)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the simulator's server did not start")
        time.sleep(0.005)


def _stop(server: uvicorn.Server, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join()
