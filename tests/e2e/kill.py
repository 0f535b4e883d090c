"""kill -9 under load: what was acknowledged is delivered, and duplicates have a cause.

Each kill takes one process (either shard, or the coordinator) at a random moment while mail is
submitted to both shards and delivered to real receivers, and starts it again. The gauges that every
shard keeps in a mapped file say what the kill interrupted:

    unanswered  messages a client had sent and was not yet answered for
    in flight   recipients in an attempt
    past dot    recipients whose final dot was sent and whose reply had not come
    outcomes    recipients whose reply had come and was not yet on disk

A message may arrive twice only if it was past dot or an outcome of a killed shard, so the sum of
those is the bound. A kill that interrupted nothing does not count and is done again.
"""

import argparse
import collections
import random
import struct
import subprocess
import sys
import time

from quickstart import OTHERS, SENDER_DOMAIN, VMTAS, dns_records, make_key, start_cluster, \
    start_sinks, write_config
from rig import Rig, RigError, find_binary, read_ledger

GAUGES = ("unanswered", "in flight", "past dot", "outcomes")
MAGIC = b"CONVOYG1"


def read_gauges(rig, shard):
    data = (rig.path(shard) / "gauges").read_bytes()
    if data[:8] != MAGIC:
        raise RigError(f"{shard}: not a gauge file: {data[:8]!r}")
    return dict(zip(GAUGES, struct.unpack_from("=4Q", data, 8)))


def start_load(shards, run, messages, directory):
    """One source by SMTP and one by gRPC, each to both shards."""
    loads = []
    for kind in ("smtp", "grpc"):
        ledger = directory / f"{run}-{kind}.sent"
        args = [find_binary("bench/convoy-source"), "--ledger", str(ledger),
                "--run", f"{run}{kind}", "--messages", str(messages // 2), "--sessions", "8",
                "--patience", "1", "--size", "2048", "--from", f"news@{SENDER_DOMAIN}",
                "--mail-from", f"bounce@{SENDER_DOMAIN}"]
        for domain in OTHERS:
            args += ["--domain", domain]
        for vmta in VMTAS:
            args += ["--vmta", vmta]
        for shard in shards:
            args += [f"--{kind}", shard.ports[kind]]
        loads.append(subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return loads


def end_load(loads):
    for load in loads:
        try:
            load.wait(60)
        except subprocess.TimeoutExpired:
            load.kill()
            load.wait()


class Kills:
    """The cluster under test and the tally of what was done to it."""

    def __init__(self, rig, args):
        self.rig = rig
        self.args = args
        self.rng = random.Random(args.seed)
        public_key = make_key(rig.path("dkim.key"))
        self.sinks, sink_port, _ = start_sinks(rig)
        dns = rig.dns(dns_records(public_key))
        config = write_config(rig, dns.port, sink_port)
        self.address, self.shards = start_cluster(rig, config)
        self.coordinator = next(p for p in rig.processes if p.name == "coordinator")
        self.coordinator.keep_address()
        self.rounds = 0
        self.bound = 0
        self.sent = []

    def one(self, victim):
        """Returns what the kill interrupted."""
        self.rounds += 1
        run = f"k{self.rounds}"
        loads = start_load(self.shards, run, self.args.messages, self.rig.directory)
        try:
            moment = self.rng.uniform(0.05, self.args.within)
            time.sleep(moment)  # tidy: allow sleep: the random moment is the experiment
            if victim is self.coordinator:
                gauges = collections.Counter()
                for shard in self.shards:
                    gauges.update(read_gauges(self.rig, shard.name))
                victim.kill()
            else:
                victim.kill()
                gauges = read_gauges(self.rig, victim.name)
                self.bound += gauges["past dot"] + gauges["outcomes"]
            victim.start().wait_ready()
        finally:
            end_load(loads)
        self.rig.check_running()
        for kind in ("smtp", "grpc"):
            self.sent += read_ledger(self.rig.path(f"{run}-{kind}.sent"))
        counts = any(gauges.values())
        print(f"kill {self.rounds:>3} {victim.name:<12} after {moment:5.2f} s  "
              + "  ".join(f"{name} {gauges[name]}" for name in GAUGES)
              + ("" if counts else "  (nothing under way: does not count)"), flush=True)
        return counts

    def received(self):
        return [line for sink in self.sinks for line in read_ledger(sink.ledger)
                if line["reply"] == "250"]

    def verdict(self):
        accepted = {line["id"] for line in self.sent if line["fate"] == "accepted"}

        def missing():
            return accepted - {line["id"] for line in self.received()}

        deadline = time.monotonic() + self.args.deadline
        while missing() and time.monotonic() < deadline:
            self.rig.check_running()
            time.sleep(1)  # tidy: allow sleep: polls the receivers' ledgers, with a deadline
        lost = missing()
        counts = collections.Counter(line["id"] for line in self.received())
        duplicated = sum(n - 1 for n in counts.values())
        fates = collections.Counter(line["fate"] for line in self.sent)
        print("submitted:", ", ".join(f"{fate} {n}" for fate, n in sorted(fates.items())))
        print(f"accepted {len(accepted)}, delivered {len(accepted) - len(lost)}, lost {len(lost)}, "
              f"duplicated {duplicated}, open duplicate windows {self.bound}")
        if lost:
            print("lost:", ", ".join(sorted(lost)[:20]))
        return not lost and duplicated <= self.bound and bool(accepted)


def run(args):
    with Rig(keep=args.keep, directory=args.directory) as rig:
        kills = Kills(rig, args)
        for victim in (*kills.shards, kills.coordinator):
            counted = 0
            tries = 0
            while counted < args.kills:
                tries += 1
                if tries > 4 * args.kills:
                    raise RigError(f"{victim.name}: too many kills with nothing under way")
                counted += kills.one(victim)
        good = kills.verdict()
        print("kill:", "all good" if good else "SOMETHING IS WRONG, see above")
        return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="counted kills of each process")
    parser.add_argument("--messages", type=int, default=3000, help="submitted around each kill")
    parser.add_argument("--within", type=float, default=1.0, help="seconds of load until the kill")
    parser.add_argument("--deadline", type=float, default=240, help="seconds for the last delivery")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    parser.add_argument("--directory", help="work here instead of in a temporary directory")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"kill: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
