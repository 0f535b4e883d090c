"""One measured run of a cluster on loopback: real DNS, real receivers, synced spool.

    relay    N messages in and out again: rates, CPU, memory, lost and duplicated
    queued   N messages for domains that answer 4xx: memory of the shard, time of a restart after
             kill -9
    peers    the same relay run by a foreign benchmark (--bench PROGRAM) that measures other servers
             in the same way, turn by turn

Prints one row per run and the same as JSON.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from quickstart import SENDER_DOMAIN, make_key
from rig import Rig, RigError, find_binary, read_ledger, wait_until

CONF = """\
host-name mail.yourdomain.com
name-server 127.0.0.1:{dns_port}
include sample.conf
<domain *>
    default-smtp-port {port}
    allow-loopback-hosts yes
    dkim-sign {dkim}
</domain>
"""
PEERS_PORT = 2525  # of the foreign benchmark's receiver


class Usage(threading.Thread):
    """Peak resident memory of some processes, sampled, and their CPU time."""

    def __init__(self, processes):
        super().__init__(daemon=True)
        self.processes = processes
        self.peak = {process.name: 0 for process in processes}
        self.ended = threading.Event()

    def sample(self):
        for process in self.processes:
            self.peak[process.name] = max(self.peak[process.name], process.rss_bytes())

    def run(self):
        while not self.ended.wait(0.2):
            try:
                self.sample()
            except (RigError, OSError):
                return

    def stop(self):
        self.ended.set()
        self.join()
        return max(self.peak.values())

    def cpu_seconds(self):
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


class LineCounter:
    """Lines of a growing file, reading only what is new."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.lines = 0

    def count(self):
        if os.path.exists(self.path):
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
            self.offset += len(data)
            self.lines += data.count(b"\n")
        return self.lines


class Cluster:
    """DNS, a coordinator and shards, configured for the run."""

    def __init__(self, rig, records, port, args):
        make_key(rig.path("dkim.key"))
        dns = rig.dns(records)
        sample = (ROOT / "deploy/examples/sample.conf").read_text(encoding="utf-8")
        rig.write("sample.conf", sample)
        rig.write("suppression-lifestyle.txt", "")
        config = rig.write("bench.conf", CONF.format(dns_port=dns.port, port=port,
                                                     dkim="yes" if args.dkim else "no"))
        self.rig = rig
        self.coordinator = rig.coordinator("coordinator", "--config", str(config))
        self.address = self.coordinator.ports["grpc"]
        self.shards = [rig.shard(f"shard-{i}", config, self.address)
                       for i in range(args.shards)]
        wait_until(self.all_own, "every shard to own slots")

    def all_own(self):
        status = json.loads(self.rig.cli(self.address, "--json", "show", "shards"))
        return sum(1 for s in status["shards"] if s.get("slots", 0) > 0) == len(self.shards)

    def queued(self):
        status = json.loads(self.rig.cli(self.address, "--json", "show", "status"))
        return sum(int(shard["queued_recipients"]) for shard in status["shards"])


def domains_of(args):
    return [f"d{i:03}.test" for i in range(args.domains)]


def records_of(args):
    records = ["mx.bench.test. 600 IN A 127.0.1.1"]
    return records + [f"{d}. 600 IN MX 10 mx.bench.test." for d in domains_of(args)]


def source_command(args, cluster, ledger):
    sender = SENDER_DOMAIN if args.dkim else "bench.test"
    command = [find_binary("bench/convoy-source"), "--ledger", str(ledger), "--run", "b",
               "--messages", str(args.messages), "--sessions", str(args.sessions),
               "--size", str(args.size), "--from", f"news@{sender}",
               "--mail-from", f"bounce@{sender}"]
    for domain in domains_of(args):
        command += ["--domain", domain]
    for shard in cluster.shards:
        command += [f"--{args.protocol}", shard.ports[args.protocol]]
    return command


def submit(args, cluster, ledger):
    """Seconds until everything was answered."""
    begin = time.monotonic()
    done = subprocess.run(source_command(args, cluster, ledger), capture_output=True, text=True,
                          check=False)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise RigError(f"convoy-source: {done.stdout}{done.stderr}")
    return seconds


def relay(args):
    with Rig() as rig:
        sink = rig.sink("sink", ["127.0.1.1:0"])
        port = int(sink.ports["smtp"][0].rsplit(":", 1)[1])
        cluster = Cluster(rig, records_of(args), port, args)
        usage = Usage([cluster.coordinator, *cluster.shards])
        cpu = usage.cpu_seconds()
        usage.start()
        ledger = rig.path("sent.ledger")
        begin = time.monotonic()
        intake = submit(args, cluster, ledger)
        got = LineCounter(sink.ledger)
        wait_until(lambda: rig.check_running() and got.count() >= args.messages,
                   "all messages at the receiver", 600, poll_s=0.05)
        seconds = time.monotonic() - begin
        cpu = usage.cpu_seconds() - cpu
        peak = usage.stop()
        accepted = {line["id"] for line in read_ledger(ledger) if line["fate"] == "accepted"}
        received = [line["id"] for line in read_ledger(sink.ledger)]
        return {"messages": args.messages, "size": args.size, "protocol": args.protocol,
                "shards": args.shards, "dkim": args.dkim,
                "intake/s": round(args.messages / intake), "msg/s": round(args.messages / seconds),
                "cpu-s/k": round(1000 * cpu / args.messages, 3), "RSS MB": round(peak / 1e6),
                "lost": len(accepted - set(received)),
                "duplicated": len(received) - len(set(received))}


def queued(args):
    with Rig() as rig:
        sink = rig.sink("sink", ["127.0.1.1:0"], "--rule", "rcpt * 451 4.7.1 later")
        port = int(sink.ports["smtp"][0].rsplit(":", 1)[1])
        cluster = Cluster(rig, records_of(args), port, args)
        usage = Usage(cluster.shards)
        usage.start()
        intake = submit(args, cluster, rig.path("sent.ledger"))
        wait_until(lambda: cluster.queued() >= args.messages, "everything in the queues", 120)
        peak = usage.stop()
        before = cluster.queued()
        restart = 0.0
        after_rss = 0
        for shard in cluster.shards:
            shard.kill()
            begin = time.monotonic()
            shard.start().wait_ready()
            restart = max(restart, time.monotonic() - begin)
            wait_until(lambda: cluster.queued() >= before, "the queues after the restart", 60)
            after_rss = max(after_rss, shard.rss_bytes())
        return {"messages": args.messages, "size": args.size, "protocol": args.protocol,
                "shards": args.shards, "intake/s": round(args.messages / intake),
                "queued": before, "RSS MB": round(peak / 1e6), "restart s": round(restart, 2),
                "queued after restart": cluster.queued(), "RSS after MB": round(after_rss / 1e6)}


def peers(args):
    """The foreign program against a fresh cluster; it prints and judges by itself."""
    records = []
    for i in range(100):
        records += [f"d{i:03}.test. 600 IN MX 10 mx.d{i:03}.test.",
                    f"mx.d{i:03}.test. 600 IN A 127.0.0.{100 + i}"]
    common = ["--messages", str(args.messages), "--size", str(args.size), "--runs", "1",
              "--no-ceiling"] + (["--json", args.json] if args.json else [])
    for peer in args.peer:
        subprocess.run([args.bench, peer, *common], check=True)
    with Rig() as rig:
        cluster = Cluster(rig, records, PEERS_PORT, args)
        pids = ",".join(str(p.pid) for p in (cluster.coordinator, *cluster.shards))
        subprocess.run([args.bench, "custom", *common, "--inject", cluster.shards[0].ports["smtp"],
                        "--pid", pids, "--sink-port", str(PEERS_PORT)], check=True)
    return None


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=("relay", "queued", "peers"), default="relay")
    parser.add_argument("--messages", type=int, default=20000)
    parser.add_argument("--size", type=int, default=4096, help="body octets")
    parser.add_argument("--protocol", choices=("smtp", "grpc"), default="smtp")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--domains", type=int, default=100)
    parser.add_argument("--dkim", action="store_true", help="sign with rsa-2048")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", help="append one JSON line per run to this file")
    parser.add_argument("--bench", help="peers: the foreign benchmark program")
    parser.add_argument("--peer", action="append", default=[], help="peers: also this server")
    args = parser.parse_args()
    if args.scenario == "peers" and not args.bench:
        parser.error("--scenario peers needs --bench PROGRAM")
    try:
        for number in range(args.runs):
            row = {"relay": relay, "queued": queued, "peers": peers}[args.scenario](args)
            if row is None:
                continue
            row = {"scenario": args.scenario, "commit": commit(), "cores": os.cpu_count(), **row}
            if number == 0:
                print("  ".join(row))
            print("  ".join(str(value).rjust(len(name)) for name, value in row.items()))
            print(json.dumps(row), flush=True)
            if args.json:
                with open(args.json, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    except RigError as error:
        sys.exit(f"run: {error}")


if __name__ == "__main__":
    main()
