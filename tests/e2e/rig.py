"""Starts real processes for end-to-end tests: DNS, receivers, coordinator, shards.

Everything listens on loopback with port 0 (the process reports the port it got in its port file)
and lives in one temporary directory. Nothing waits blindly: `wait_until` polls a condition with a
deadline and fails with what it was waiting for. Leaving the `with Rig()` block ends every process
by its pid.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 60.0


class RigError(Exception):
    """A process did not do what the test needs; the message says which and shows its log."""


def wait_until(condition, what, deadline_s=DEADLINE_S, poll_s=0.02):
    """Polls until `condition()` is true and returns its value."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RigError(f"after {deadline_s:.0f} s still waiting for: {what}")
        time.sleep(poll_s)  # tidy: allow sleep: polls another process, with a deadline


def find_binary(label):
    """bench/convoy-sink -> its path, under Bazel's runfiles, bazel-bin or CONVOY_BIN."""
    roots = [os.environ.get("CONVOY_BIN"), os.environ.get("TEST_SRCDIR"), "bazel-bin"]
    for root in filter(None, roots):
        for middle in ("", "convoy", "__main__"):
            path = pathlib.Path(root) / middle / label
            if path.is_file():
                return str(path.resolve())
    raise RigError(f"{label} is not built: run 'bazel build //{os.path.dirname(label)}/...'")


def free_port(kind=socket.SOCK_DGRAM, ip="127.0.0.1"):
    """A port that was free a moment ago, for foreign servers that cannot report theirs."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((ip, 0))
        return probe.getsockname()[1]


class Process:
    """One child process with its log file."""

    def __init__(self, name, args, directory, env=None):
        self.name = name
        self.args = args
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        self.env = dict(os.environ, **(env or {}))
        self.popen = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def check_running(self):
        if not self.running():
            code = self.popen.poll() if self.popen else None
            raise RigError(f"{self.name} ended with {code}; its log:\n{self.log_tail()}")
        return True

    def log_tail(self, size=4000):
        data = self.log_path.read_bytes() if self.log_path.exists() else b""
        return data[-size:].decode(errors="replace")

    def kill(self):
        """As a power cut would end it (the kernel keeps what was written)."""
        if self.running():
            self.popen.kill()
        if self.popen:
            self.popen.wait()

    def stop(self, deadline_s=20.0):
        """SIGTERM, and SIGKILL if it does not end; returns the exit code."""
        if not self.running():
            return self.popen.poll() if self.popen else None
        self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise RigError(f"{self.name} did not end within {deadline_s} s of SIGTERM") from None

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise RigError(f"{self.name}: no VmRSS")


class Daemon(Process):
    """One of our daemons: reports its addresses as JSON in a port file.

    A restarted daemon gets new ports, unless `keep_address` was called.
    """

    def __init__(self, name, args, directory, env=None):
        self.port_file = pathlib.Path(directory) / f"{name}.ports"
        super().__init__(name, [*args, "--port-file", str(self.port_file)], directory, env)
        self.ports = {}

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            self.port_file.unlink()
        super().start()
        return self

    def keep_address(self):
        """The next start listens where this one did, for those who know the address."""
        self.args = [self.ports["grpc"] if arg == "127.0.0.1:0" else arg for arg in self.args]

    def wait_ready(self, deadline_s=DEADLINE_S):
        wait_until(lambda: self.check_running() and self.port_file.exists(),
                   f"the port file of {self.name}; its log:\n{self.log_tail()}", deadline_s)
        self.ports = json.loads(self.port_file.read_text(encoding="utf-8"))
        return self


class Dns(Process):
    """A real recursive resolver (unbound) that holds the test's zones as local data."""

    def __init__(self, directory, records):
        self.port = free_port()
        conf = pathlib.Path(directory) / "unbound.conf"
        lines = [
            "server:", "  interface: 127.0.0.1", f"  port: {self.port}", "  do-ip6: no",
            "  chroot: \"\"", "  username: \"\"", f"  directory: \"{directory}\"",
            "  pidfile: \"\"", "  use-syslog: no", "  logfile: \"\"", "  module-config: iterator",
            "  access-control: 127.0.0.0/8 allow", "  local-zone: \".\" static",
            "  local-data: \". 60 IN SOA a.root. h.root. 1 60 60 60 60\"",
        ]
        lines += [f"  local-data: '{record}'" for record in records]
        lines += ["remote-control:", "  control-enable: no"]
        conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        super().__init__("dns", ["unbound", "-d", "-c", str(conf)], directory)

    def answers(self):
        query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.sendto(query, ("127.0.0.1", self.port))
                return bool(probe.recv(512))
            except OSError:
                return False

    def start(self):
        super().start()
        wait_until(lambda: self.check_running() and self.answers(), "the DNS server to answer")
        return self


class Rig(contextlib.AbstractContextManager):
    """A directory, the processes in it, and their end."""

    def __init__(self, keep=False, directory=None):
        self.keep = keep
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="convoy-rig-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.processes = []

    def __exit__(self, kind, error, trace):
        for process in reversed(self.processes):
            process.kill()
        if kind is not None:
            for process in self.processes:
                print(f"--- last lines of {process.name}:\n{process.log_tail(2500)}",
                      file=sys.stderr)
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def add(self, process):
        self.processes.append(process)
        return process.start()

    def check_running(self):
        """True; RigError if a process has ended that nobody ended on purpose."""
        return all(process.check_running() for process in self.processes)

    def path(self, name):
        return self.directory / name

    def write(self, name, text):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def dns(self, records):
        return self.add(Dns(self.directory, records))

    def sink(self, name, listen, *extra):
        """A scriptable SMTP receiver; `ports["smtp"]` lists its endpoints."""
        ledger = self.path(f"{name}.ledger")
        args = [find_binary("bench/convoy-sink"), "--ledger", str(ledger), *extra]
        for endpoint in listen:
            args += ["--listen", endpoint]
        sink = self.add(Daemon(name, args, self.directory)).wait_ready()
        sink.ledger = ledger
        return sink

    def coordinator(self, name="coordinator", *extra):
        args = [find_binary("coordinator/convoy-coordinator"), "--data-dir", str(self.path(name)),
                *extra]
        if "--listen" not in extra:
            args += ["--listen", "127.0.0.1:0"]
        return self.add(Daemon(name, args, self.directory)).wait_ready()

    def shard(self, name, config, coordinator, *extra, binary="shard/convoy-shard", env=None):
        args = [find_binary(binary), "--name", name, "--config", str(config),
                "--data-dir", str(self.path(name)), "--coordinator", coordinator,
                "--smtp-listen", "127.0.0.1:0", *extra]
        return self.add(Daemon(name, args, self.directory, env)).wait_ready()

    def cli(self, coordinator, *args, check=True):
        """Runs `convoy` and returns its standard output."""
        done = subprocess.run([find_binary("cli/convoy"), "--coordinator", coordinator, *args],
                              capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise RigError(f"convoy {' '.join(args)}: exit {done.returncode}: {done.stderr}")
        return done.stdout


def read_ledger(path):
    """The receiver's own record: one JSON object per accepted recipient."""
    if not pathlib.Path(path).exists():
        return []
    with open(path, encoding="utf-8") as ledger:
        lines = ledger.read().split("\n")
    return [json.loads(line) for line in lines[:-1]]  # an unfinished last line is not yet a record
