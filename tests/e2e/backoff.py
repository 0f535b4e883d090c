"""Backoff mode with a real shard: entered by a reply, kept over a crash, ended by an operator.

A receiver answers `421 RP-001 ...` to one message. From then on the queue holds what its line in
the configuration says (5 connections, 40 recipients an hour, the refused one among them), by the
receiver's own counts: it keeps every answer to a final dot back until it is told to go on, so that
each connection the shard opens is there to be counted, and mail for another queue, sent later and
received, shows that the shard had its chance to send more. Then the shard is killed with SIGKILL;
then `convoy set queue --mode=normal` ends the mode.
"""

import argparse
import json
import socketserver
import subprocess
import sys
import threading

from quickstart import SENDER_DOMAIN
from rig import Rig, RigError, find_binary, wait_until

SLOW = "slow.example"
FREE = "free.example"
QUEUE = f"{SLOW}/v1"
CONNECTIONS = 5
AN_HOUR = 40
MAX_SMTP_OUT = 12
BACKLOG = 70
REPLY = "421 RP-001 Unfortunately, some messages from 127.0.0.31 weren't sent."

CONF = """\
host-name mail.{sender}
name-server 127.0.0.1:{dns_port}
<source 127.0.0.1>
    always-allow-relaying yes
</source>
<virtual-mta v1>
    smtp-source-host 127.0.0.31 v1.{sender}
</virtual-mta>
<domain {slow}>
    421 RP-001 *, 1h, {connections}, {an_hour}
    max-smtp-out {max_smtp_out}
    retry-interval 1s
</domain>
<domain *>
    default-smtp-port {port}
    allow-loopback-hosts yes
    use-starttls no
</domain>
"""


class Receiver(socketserver.ThreadingTCPServer):
    """Counts connections and recipients of SLOW; `go` lets held answers to final dots out."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.1.1", 0), Dialogue)
        self.lock = threading.Lock()
        self.go = threading.Event()
        self.refusals = 1  # how often a final dot is answered with REPLY
        self.held = 0      # connections that wait for an answer to a final dot
        self.held_most = 0
        self.attempted = 0  # recipients of SLOW in all
        self.accepted = {SLOW: 0, FREE: 0}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, domain):
        """The answer to a final dot, after it may be given."""
        if domain != SLOW:
            with self.lock:
                self.accepted[domain] += 1
            return "250 2.0.0 taken"
        with self.lock:
            self.attempted += 1
            if self.refusals > 0:
                self.refusals -= 1
                return REPLY
            self.held += 1
            self.held_most = max(self.held_most, self.held)
        self.go.wait()
        with self.lock:
            self.held -= 1
            self.accepted[SLOW] += 1
        return "250 2.0.0 taken"


class Dialogue(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.say("220 mx.example")
            domain = ""
            while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
                command = line.upper()
                if command.startswith("RCPT"):
                    domain = line.split("@")[1].split(">")[0]
                if command == "DATA":
                    self.say("354 go ahead")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    reply = self.server.answer(domain)
                    self.say(reply)
                    if reply.startswith("421"):
                        return
                else:
                    self.say("221 bye" if command == "QUIT" else "250 ok")
                    if command == "QUIT":
                        return
        except (ConnectionError, BrokenPipeError):
            return  # the shard was killed


class Trial:
    def __init__(self, rig):
        self.rig = rig
        self.good = True
        self.free = 0  # messages for FREE
        self.runs = 0
        self.receiver = Receiver()
        records = [record for domain in (SLOW, FREE)
                   for record in (f"{domain}. 60 IN MX 10 mx.{domain}.",
                                  f"mx.{domain}. 60 IN A 127.0.1.1")]
        config = rig.write("backoff.conf", CONF.format(
            sender=SENDER_DOMAIN, dns_port=rig.dns(records).port, slow=SLOW,
            connections=CONNECTIONS, an_hour=AN_HOUR, max_smtp_out=MAX_SMTP_OUT,
            port=self.receiver.server_address[1]))
        coordinator = rig.coordinator("coordinator", "--config", str(config))
        self.address = coordinator.ports["grpc"]
        self.shard = rig.shard("shard-a", config, self.address)

    def check(self, good, what):
        print(("ok      " if good else "WRONG   ") + what, flush=True)
        self.good = self.good and bool(good)

    def wait(self, condition, what):
        wait_until(lambda: self.rig.check_running() and condition(), what)

    def send(self, domain, messages):
        self.runs += 1
        run = f"r{self.runs}"
        subprocess.run(
            [find_binary("bench/convoy-source"), "--ledger", str(self.rig.path(f"{run}.sent")),
             "--messages", str(messages), "--run", run, "--from", f"news@{SENDER_DOMAIN}",
             "--mail-from", f"bounce@{SENDER_DOMAIN}", "--grpc", self.shard.ports["grpc"],
             "--domain", domain, "--vmta", "v1"],
            check=True, capture_output=True, timeout=60)

    def chance(self):
        """Mail of another queue is sent and received: the shard could have sent more of SLOW's."""
        self.free += 1
        self.send(FREE, 1)
        self.wait(lambda: self.receiver.accepted[FREE] == self.free, "mail of the free queue")

    def queue(self, *args):
        """The row of SLOW's queue; {} when it is not listed."""
        rows = json.loads(self.rig.cli(self.address, "--json", "show", "queues", "--all", *args))
        found = [row for row in rows.get("queues", []) if row["domain"] == SLOW]
        return found[0] if found else {}

    def log(self, words):
        with open(self.shard.log_path, encoding="utf-8", errors="replace") as log:
            return [line for line in log if all(word in line for word in words)]


def entered_by_a_reply(trial):
    trial.send(SLOW, 1)
    trial.wait(lambda: trial.queue().get("mode") == "QUEUE_MODE_BACKOFF", "backoff mode")
    backoff = trial.queue("--mode", "backoff")["backoff"]
    until_s = (int(backoff["until_unix_ms"]) - int(backoff["since_unix_ms"])) / 1000
    trial.check(until_s == 3600 and backoff["reply"] == REPLY
                and backoff["patterns"] == ["421 RP-001 *"], f"show queues --json: {backoff}")
    shown = trial.rig.cli(trial.address, "show", "queues")
    trial.check("backoff until" in shown and "RP-001" in shown, f"show queues:\n{shown}")
    lines = trial.log(["backoff", QUEUE, "normal -> backoff", "RP-001"])
    trial.check(len(lines) == 1, f"log: {lines}")
    return backoff


def limits_hold(trial):
    trial.send(SLOW, BACKLOG)
    trial.wait(lambda: trial.receiver.held == CONNECTIONS, f"{CONNECTIONS} connections at work")
    trial.chance()
    trial.check(trial.receiver.held_most == CONNECTIONS,
                f"connections in backoff mode: {trial.receiver.held_most}")
    trial.receiver.go.set()
    trial.wait(lambda: trial.receiver.attempted >= AN_HOUR, "the hour's allowance to be used")
    trial.chance()
    trial.check(trial.receiver.attempted == AN_HOUR,
                f"recipients in backoff mode: {trial.receiver.attempted}")
    trial.check(trial.receiver.held_most == CONNECTIONS,
                f"connections in backoff mode: {trial.receiver.held_most}")


def survives_kill(trial, before):
    trial.shard.kill()
    trial.shard.start().wait_ready()
    trial.wait(lambda: trial.queue() != {}, "the queue after the restart")
    row = trial.queue()
    trial.check(row["mode"] == "QUEUE_MODE_BACKOFF"
                and row["backoff"]["until_unix_ms"] >= before["until_unix_ms"],
                f"after kill -9: {row['mode']}, {row.get('backoff')}")
    trial.chance()
    trial.check(trial.receiver.attempted == AN_HOUR,
                f"recipients in the hour, over the restart: {trial.receiver.attempted}")


def ended_by_an_operator(trial):
    trial.receiver.go.clear()
    text = trial.rig.cli(trial.address, "set", "queue", "--mode=normal", QUEUE)
    trial.check("set to normal mode on 1 shards" in text, text.strip())
    trial.wait(lambda: trial.receiver.held == MAX_SMTP_OUT, "the connections of normal mode")
    trial.check(trial.queue()["mode"] == "QUEUE_MODE_NORMAL"
                and not trial.queue().get("backoff"), "show queues: normal")
    trial.receiver.go.set()
    trial.wait(lambda: trial.receiver.accepted[SLOW] >= BACKLOG + 1, "all mail")
    trial.check(trial.log(["backoff", QUEUE, "backoff -> normal; cause: an operator"]), "log")


def set_by_an_operator(trial):
    """Over a stop as well; what an operator set is not in a reply's name."""
    trial.rig.cli(trial.address, "set", "queue", "--mode=backoff", f"{SLOW}/*")
    trial.shard.kill()
    trial.shard.start().wait_ready()
    trial.receiver.go.clear()
    trial.send(SLOW, 1)
    trial.wait(lambda: trial.queue().get("mode") == "QUEUE_MODE_BACKOFF", "backoff mode")
    backoff = trial.queue()["backoff"]
    trial.check(backoff["by_operator"] and backoff["until_unix_ms"] == 0
                and not backoff["reply"], f"by an operator: {backoff}")
    trial.receiver.go.set()


def run(args):
    with Rig(keep=args.keep) as rig:
        trial = Trial(rig)
        before = entered_by_a_reply(trial)
        limits_hold(trial)
        survives_kill(trial, before)
        ended_by_an_operator(trial)
        set_by_an_operator(trial)
        print("backoff:", "all good" if trial.good else "SOMETHING IS WRONG, see above")
        return 0 if trial.good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"backoff: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
