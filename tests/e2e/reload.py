"""Live reload under load: a rate changes on all shards within a second, and nothing else does.

Two shards deliver a backlog of sixteen queues at max-msg-rate FAST, while another stream without a
limit passes through both. Then:

    reload       the rate becomes SLOW. From one second after the answer of `convoy reload` on, no
                 queue gets more than SLOW in any second, by the receivers' own ledgers; connections
                 opened before go on; the other stream is not delayed.
    bad file     refused with file:line:column and the likely fix; version and rate stay.
    rollback     FAST again.
    virtual MTA  one is added and used; it goes, and its queued mail bounces with 5.3.5.
    kills        a shard is killed while a reload runs, again and again: each reload is applied
                 everywhere or nowhere, and the shard comes back with the current version.

At the end nothing is lost, and nothing doubled but what a kill interrupted.
"""

import argparse
import collections
import csv
import json
import random
import stat
import subprocess
import sys
import time

from kill import read_gauges
from quickstart import SENDER_DOMAIN, make_key, start_cluster
from rig import Rig, RigError, find_binary, read_ledger, wait_until

LIMITED = [f"limited{i}.example" for i in range(16)]
STEADY = [f"steady{i}.example" for i in range(4)]
OTHER = "other.example"
STUCK = "stuck.example"  # nobody listens there
FAST = 20
SLOW = 5
# The limit holds where MAIL is written; the receiver notes when the final dot has come. On the way
# two messages may come closer to each other by so much.
TRANSIT_MS = 150
WINDOW_MS = 1000 - TRANSIT_MS

CONF = """\
host-name mail.{sender}
name-server 127.0.0.1:{dns_port}
<source 127.0.0.1>
    always-allow-relaying yes
    process-x-virtual-mta yes
</source>
<virtual-mta v1>
    smtp-source-host 127.0.0.21 v1.{sender}
</virtual-mta>
domain-key big-signer,,$domain,dkim.key
domain-macro limited {limited}
<domain $limited>
    max-msg-rate {rate}/s
    max-smtp-out 2
    connection-idle-timeout 5s
</domain>
<domain *>
    default-smtp-port {sink_port}
    allow-loopback-hosts yes
    dkim-sign yes
    suppress-file suppressed.txt
    # {comment}
</domain>
<acct-file {acct_file}>
    records d,b
</acct-file>
"""

SECOND_VMTA = """\
<virtual-mta v2>
    smtp-source-host 127.0.0.22 v2.{sender}
</virtual-mta>
"""


def boot_ms():
    """The clock of the receivers' ledgers."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


class Cluster:
    def __init__(self, rig, args):
        self.rig = rig
        self.args = args
        make_key(rig.path("dkim.key"))
        rig.write("suppressed.txt", "nobody@nowhere.example\n")
        self.sink = rig.sink("sink", ["127.0.1.1:0"])
        self.sink_port = int(self.sink.ports["smtp"][0].rsplit(":", 1)[1])
        records = []
        for domain in [*LIMITED, *STEADY, OTHER, STUCK]:
            host = "127.0.1.9" if domain == STUCK else "127.0.1.1"
            records += [f"{domain}. 60 IN MX 10 mx.{domain}.", f"mx.{domain}. 60 IN A {host}"]
        self.dns_port = rig.dns(records).port
        rig.path("acct").mkdir()
        self.config = self.write(FAST, "first")
        self.address, self.shards = start_cluster(rig, self.config)
        self.good = True

    def write(self, rate, comment, extra=""):
        text = CONF.format(sender=SENDER_DOMAIN, dns_port=self.dns_port, sink_port=self.sink_port,
                           limited=",".join(LIMITED), rate=rate, comment=comment,
                           acct_file=self.rig.path("acct") / "acct.csv")
        return self.rig.write("reload.conf", text + extra)

    def convoy(self, *args):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([find_binary("cli/convoy"), "--coordinator", self.address, *args],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def show(self):
        return json.loads(self.rig.cli(self.address, "--json", "show", "config"))

    def versions(self):
        shown = self.show()
        return shown["current"]["version"], [s["running"]["version"] for s in shown["shards"]]

    def source(self, run, domains, messages, *extra, vmta="v1"):
        args = [find_binary("bench/convoy-source"), "--ledger", str(self.rig.path(f"{run}.sent")),
                "--run", run, "--messages", str(messages), "--sessions", "4", "--size", "1024",
                "--patience", "2", "--vmta", vmta, "--from", f"news@{SENDER_DOMAIN}",
                "--mail-from", f"bounce@{SENDER_DOMAIN}", *extra]
        for domain in domains:
            args += ["--domain", domain]
        for shard in self.shards:
            args += ["--smtp", shard.ports["smtp"]]
        return subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def received(self, prefix):
        return [line for line in read_ledger(self.sink.ledger)
                if line["id"].startswith(prefix) and line["reply"] == "250"]

    def check(self, what, good, figure=""):
        print(f"{'ok  ' if good else 'BAD '} {what:<62} {figure}", flush=True)
        self.good = self.good and bool(good)

    def wait_ms(self, until_ms):
        wait_until(lambda: self.rig.check_running() and boot_ms() >= until_ms, "the clock",
                   poll_s=0.05)


def by_queue(lines):
    queues = collections.defaultdict(list)
    for line in lines:
        queues[line["rcpt"].split("@")[1]].append(line["t_ms"])
    return queues


def owners(cluster):
    rows = json.loads(cluster.rig.cli(cluster.address, "--json", "show", "queues", "--all"))
    return {row["domain"]: row["shard"] for row in rows["queues"] if row["domain"] in LIMITED}


def worst_second(times, begin, end):
    """The most messages in any window of WINDOW_MS within [begin, end)."""
    inside = sorted(t for t in times if begin <= t < end)
    worst = first = 0
    for i, t in enumerate(inside):
        while t - inside[first] >= WINDOW_MS:
            first += 1
        worst = max(worst, i - first + 1)
    return worst


def held_after(times, since, end, rate):
    """How long after `since` the last window with more than `rate` messages began, ms."""
    late = 0
    inside = sorted(t for t in times if since <= t < end)
    for i, t in enumerate(inside):
        if i + rate < len(inside) and inside[i + rate] - t < WINDOW_MS:
            late = max(late, t - since)
    return late


def check_rate(cluster, name, rate, begin, end):
    """Each shard's queues keep the rate, and use it, between two moments."""
    queues = by_queue(cluster.received("load"))
    shard_of = owners(cluster)
    for shard in sorted(set(shard_of.values())):
        own = [queues[d] for d in LIMITED if shard_of.get(d) == shard]
        worst = max(worst_second(times, begin, end) for times in own)
        count = sum(1 for times in own for t in times if begin <= t < end)
        mean = count / len(own) / ((end - begin) / 1000)
        cluster.check(f"{name}: {shard}, {len(own)} queues at {rate}/s",
                      worst <= rate and 0.8 * rate <= mean,
                      f"at most {worst} in {WINDOW_MS} ms, mean {mean:.1f}/s")
    cluster.check(f"{name}: both shards were delivering", len(set(shard_of.values())) == 2)


def change_rate(cluster, connections_before):
    cluster.write(SLOW, "slower")
    asked = boot_ms()
    code, out, err = cluster.convoy("reload", "--comment", "slower")
    answered = boot_ms()
    cluster.check("reload is applied on both shards", code == 0 and "on 2 of 2 shards" in out,
                  f"{answered - asked:.0f} ms; {out.strip().splitlines()[-1] if out else err}")
    end = answered + 6000
    cluster.wait_ms(end)
    queues = by_queue(cluster.received("load"))
    shard_of = owners(cluster)
    for shard in sorted(set(shard_of.values())):
        late = max(held_after(queues[d], asked, end, SLOW) for d in LIMITED
                   if shard_of.get(d) == shard)
        cluster.check(f"reload: {shard} keeps the new rate within 1 s of the request",
                      late <= 1000, f"after {late:.0f} ms")
    check_rate(cluster, "reload", SLOW, answered + 1000, end)
    after = {line["conn"] for line in cluster.received("load") if line["t_ms"] > answered + 1000}
    cluster.check("connections opened before the reload go on", len(after & connections_before) > 0,
                  f"{len(after & connections_before)} of {len(after)} in use were there before")
    times = sorted(line["t_ms"] for line in cluster.received("steady"))
    gap = max(b - a for a, b in zip(times, times[1:]) if asked - 500 <= a <= answered + 1500)
    cluster.check("the stream without a limit is not delayed", gap < 500,
                  f"longest pause {gap:.0f} ms")


def bad_file(cluster):
    before = cluster.versions()
    path = cluster.write(SLOW, "broken", extra="<domain x.example>\n    max-smtpout 3\n</domain>\n")
    line = path.read_text(encoding="utf-8").count("\n") - 1
    begin = boot_ms()
    code, out, err = cluster.convoy("reload")
    wanted = f"reload.conf:{line}:5: error: unknown directive 'max-smtpout'"
    cluster.check("bad file: refused with file, line, column and the likely fix",
                  code == 1 and wanted in err and "did you mean" in err,
                  (err or out).strip().splitlines()[0])
    cluster.wait_ms(begin + 2000)
    cluster.check("bad file: version stays", cluster.versions() == before, str(before))
    check_rate(cluster, "bad file", SLOW, begin, begin + 2000)


def rollback(cluster):
    code, out, err = cluster.convoy("config", "rollback", "1", "--comment", "too slow")
    answered = boot_ms()
    cluster.check("rollback is applied", code == 0, (out or err).strip())
    cluster.wait_ms(answered + 4000)
    check_rate(cluster, "rollback", FAST, answered + 1000, answered + 4000)
    history = cluster.rig.cli(cluster.address, "config", "history")
    print(history)
    cluster.check("history tells versions, who and why",
                  "as 1: too slow" in history and "slower" in history and "first start" in history)


def bounces(cluster):
    """The bounce records of all shards, as dictionaries."""
    rows = []
    for path in cluster.rig.path("acct").glob("acct-*.csv"):
        with open(path, newline="", encoding="utf-8") as file:
            rows += [row for row in csv.DictReader(file) if row["type"] == "b"]
    return rows


def virtual_mtas(cluster):
    """One appears and is used; it disappears, and what was queued for it bounces with 5.3.5."""
    cluster.write(FAST, "two", extra=SECOND_VMTA.format(sender=SENDER_DOMAIN))
    code, out, err = cluster.convoy("reload", "--comment", "a second virtual MTA")
    cluster.check("a virtual MTA is added", code == 0, (out or err).strip())
    cluster.source("second", [OTHER], 20, vmta="v2").wait(30)
    wait_until(lambda: len(cluster.received("second")) == 20, "mail through the new virtual MTA")
    cluster.check("the new virtual MTA sends",
                  all(line["peer"] == "127.0.0.22" for line in cluster.received("second")))
    cluster.source("stuck", [STUCK], 20, vmta="v2").wait(30)
    cluster.write(FAST, "one", extra="name-server 127.0.0.1:1\n")
    code, out, err = cluster.convoy("reload", "--comment", "without the second")
    cluster.check("what waits for a restart is named",
                  "takes effect at restart: name-server" in out,
                  (out or err).strip().splitlines()[0])
    wait_until(lambda: len(bounces(cluster)) >= 20, "the bounces of the virtual MTA that went")
    stuck = bounces(cluster)
    cluster.check("mail of a virtual MTA that went bounces with 5.3.5",
                  all(row["dsnStatus"].startswith("5.3.5") for row in stuck) and len(stuck) == 20,
                  stuck[0]["dsnDiag"])


def secrets(cluster):
    """Keys travel, and are kept for the owner's eyes only; no log and no answer has them."""
    key = cluster.rig.path("dkim.key").read_text(encoding="utf-8").splitlines()[1]
    open_files = []
    for name in ("coordinator", "shard-a", "shard-b"):
        for path in cluster.rig.path(name).rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            mode = stat.S_IMODE(path.stat().st_mode)
            if key.encode() in data and mode & 0o077:
                open_files.append(str(path))
    shown = cluster.rig.cli(cluster.address, "--json", "show", "config")
    shown += cluster.rig.cli(cluster.address, "--json", "config", "history")
    logs = "".join(p.log_path.read_text(errors="replace") for p in cluster.rig.processes)
    cluster.check("files with the DKIM key are 0600", not open_files, ", ".join(open_files))
    cluster.check("neither answers nor logs have the key", key not in shown and key not in logs)


def kills(cluster, rounds, rng):
    """Kills a shard while a reload runs; returns how many duplicates that may have made."""
    bound = 0
    outcomes = collections.Counter()
    for number in range(rounds):
        before, _ = cluster.versions()
        cluster.write(FAST + number + 1, f"round {number}")
        victim = cluster.shards[number % 2]
        process = subprocess.Popen(
            [find_binary("cli/convoy"), "--coordinator", cluster.address, "reload"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(rng.uniform(0, 0.08))  # tidy: allow sleep: the random moment is the experiment
        victim.kill()
        gauges = read_gauges(cluster.rig, victim.name)
        bound += gauges["past dot"] + gauges["outcomes"]
        said, _ = process.communicate(timeout=60)
        applied = process.returncode in (0, 4)
        outcomes["applied" if applied else "refused"] += 1
        victim.start().wait_ready()

        def settled():
            current, running = cluster.versions()
            return len(running) == 2 and all(version == current for version in running)

        wait_until(settled, f"all shards on one version; the reload said: {said}", 30)
        current, running = cluster.versions()
        expected = before + 1 if applied else before
        cluster.check(f"kill {number + 1}: {victim.name} comes back with the current version",
                      current == expected, f"{'applied' if applied else 'refused'}: current "
                      f"{current}, running {running}")
    print("reloads with a kill:", dict(outcomes))
    return bound


def verdict(cluster, loads, bound):
    for load in loads:
        load.wait(120)
    sent = [line for path in cluster.rig.directory.glob("*.sent") for line in read_ledger(path)]
    accepted = {line["id"] for line in sent if line["fate"] == "accepted"
                and not line["rcpt"].endswith(STUCK)}

    def missing():
        return accepted - {line["id"] for line in cluster.received("")}

    wait_until(lambda: cluster.rig.check_running() and not missing(), "every accepted message",
               cluster.args.deadline, poll_s=0.5)
    counts = collections.Counter(line["id"] for line in cluster.received(""))
    doubled = sum(n - 1 for n in counts.values())
    cluster.check("nothing lost, nothing doubled without a kill to explain it",
                  accepted and doubled <= bound,
                  f"accepted {len(accepted)}, doubled {doubled}, kill windows {bound}")


def run(args):
    with Rig(keep=args.keep, directory=args.directory) as rig:
        cluster = Cluster(rig, args)
        steady = cluster.source("steady", STEADY, 6000, "--rate", "100")
        load = cluster.source("load", LIMITED, args.messages)
        wait_until(lambda: len(cluster.received("load")) > 500, "the load to flow")
        begin = boot_ms()
        cluster.wait_ms(begin + 2000)
        check_rate(cluster, "before", FAST, begin, begin + 2000)
        change_rate(cluster, {line["conn"] for line in cluster.received("load")})
        bad_file(cluster)
        rollback(cluster)
        virtual_mtas(cluster)
        secrets(cluster)
        steady.terminate()
        bound = kills(cluster, args.kills, random.Random(args.seed))
        print(rig.cli(cluster.address, "show", "config"))
        verdict(cluster, [load, steady], bound)
        print("reload:", "all good" if cluster.good else "SOMETHING IS WRONG, see above")
        return 0 if cluster.good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=4000, help="backlog of the limited queues")
    parser.add_argument("--kills", type=int, default=6, help="reloads with a kill")
    parser.add_argument("--deadline", type=float, default=240, help="seconds for the last delivery")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    parser.add_argument("--directory", help="work here instead of in a temporary directory")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"reload: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
