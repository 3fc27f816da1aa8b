"""A running simulator: the HTTP server in a thread of this process, and its controls."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.cloud import Cloud, Pace
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

LOOPBACK = "127.0.0.1"
START_TIMEOUT_SECONDS = 10


class Simulator:
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
        port: TCP port; 0 picks a free one.
        tls: Speak https, with a certificate made for this run; clients need :attr:`ca_file`.
        observer: Called with every new ledger entry, in the server's thread.

    Raises:
        SetupError: The seed is not usable.
    """

    def __init__(
        self,
        seed: str | Path | dict[str, Any] | None = None,
        *,
        clock: ClockMode = "real",
        rebuild_seconds: float = 60.0,
        stop_seconds: float = 5.0,
        transition: Transition = "DEPLOYING",
        port: int = 0,
        tls: bool = False,
        observer: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._cloud = Cloud(
            load_seed(seed),
            SimulatorClock(clock),
            Pace(rebuild_seconds, stop_seconds, transition),
            actions={name for _, _, name in ACTIONS},
            observer=observer,
        )
        self._port = port
        self._tls = tls
        self._certificate: Certificate | None = None
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # Only a running simulator needs the HTTP packages: the command can then say which extra is missing.
        try:
            from zec_pulumi.simulator.certificate import make_certificate  # noqa: PLC0415 -- see above
            from zec_pulumi.simulator.serving import create_server  # noqa: PLC0415 -- the same
        except ModuleNotFoundError as error:
            raise RuntimeError("the simulator needs its extra: pip install 'zec_pulumi[simulator]'") from error
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server((LOOPBACK, self._port)))
            # Otherwise each answer on a kept connection waits 40 ms for the client's delayed acknowledgement.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._port = listener.getsockname()[1]
            self._certificate = None
            if self._tls:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="zec-simulator-"))
                self._certificate = make_certificate(folder)
            server = create_server(self._cloud, None if self._certificate is None else self._certificate.server_file)
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
        """``127.0.0.1:PORT``, known once the simulator runs."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def url(self) -> str:
        """The address without a path, for example ``http://127.0.0.1:8080``."""
        return f"http{'s' if self._tls else ''}://{self.host}"

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority that a client must believe, as PEM; None without ``tls``. Gone at the end."""
        return None if self._certificate is None else self._certificate.ca_file

    @property
    def access_key_id(self) -> str:
        """The first access key id of the seed."""
        return self._cloud.seed.credentials[0].access_key_id

    @property
    def access_key_password(self) -> str:
        """The password that belongs to :attr:`access_key_id`."""
        return self._cloud.seed.credentials[0].access_key_password

    @property
    def token(self) -> str:
        """The first bearer token of the seed."""
        return self._cloud.seed.tokens[0]

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

    def ledger(self) -> list[dict[str, Any]]:
        """Return every accepted mutation, oldest first, secrets masked."""
        with self._cloud.lock:
            return self._cloud.ledger.entries()

    def requests(self) -> list[dict[str, Any]]:
        """Return every API request, oldest first, refused ones included."""
        with self._cloud.lock:
            return self._cloud.requests.entries()

    def instances(self) -> list[dict[str, Any]]:
        """Return every instance as an administrator sees it."""
        with self._cloud.lock:
            return [instance.model_dump(by_alias=True) for instance in self._cloud.instances()]

    def instance(self, instance_id: str) -> dict[str, Any]:
        """Return one instance. Raises KeyError when there is none."""
        with self._cloud.lock:
            instance = self._cloud.instance(instance_id)
            if instance is None:
                raise KeyError(instance_id)
            return instance.model_dump(by_alias=True)

    def patch_instance(self, instance_id: str, **fields: Any) -> dict[str, Any]:
        """Set fields (``image_id`` or ``imageId``) behind the API's back; a change under way is dropped.

        Raises:
            KeyError: No such instance.
            SetupError: A field or value that cannot be.
        """
        with self._cloud.lock:
            return self._cloud.patch(instance_id, fields).model_dump(by_alias=True)

    def delete_instance(self, instance_id: str) -> None:
        """Remove an instance, as if it had been released. Raises KeyError when there is none."""
        with self._cloud.lock:
            self._cloud.delete(instance_id)

    def advance(self, seconds: float) -> float:
        """Move simulated time forward and return it."""
        with self._cloud.lock:
            return self._cloud.clock.advance(seconds)

    def now(self) -> float:
        """Return simulated time, seconds since the Unix epoch."""
        with self._cloud.lock:
            return self._cloud.clock.now()

    def add_fault(self, **rule: Any) -> None:
        """Append a fault rule, for example ``add_fault(action="*", nth=1, effect={"type": "drop"})``.

        Raises:
            SetupError: A rule that cannot be.
        """
        with self._cloud.lock:
            self._cloud.faults.add(rule)

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        with self._cloud.lock:
            self._cloud.faults.clear()

    def reset(self) -> None:
        """Return to the seed: world, clock, ledger, requests and faults."""
        with self._cloud.lock:
            self._cloud.reset()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the simulator's server did not start")
        time.sleep(0.005)


def _stop(server: uvicorn.Server, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join()
