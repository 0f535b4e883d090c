"""Receivers that do not keep to the protocol: the shard lives, each mail gets what is due to it.

    greeting 354         the host is not used, the mail waits, the process lives
    421 after the dot    one recorded deferral, then the recipient's wait; the queue goes on
    endless reply        a line of 600 octets after the dot is an answer: one copy, delivered
    no SMTPUTF8          a recipient that needs it is bounced and never written to that host
    ourselves            a domain whose only MX is our own name is not delivered to ourselves
"""

import argparse
import csv
import subprocess
import sys

from quickstart import SENDER_DOMAIN, make_key
from rig import Rig, RigError, find_binary, read_ledger, wait_until

CONF = """\
host-name mail.{sender}
name-server 127.0.0.1:{dns_port}
<source 127.0.0.1>
    always-allow-relaying yes
</source>
<domain *>
    default-smtp-port {port}
    allow-loopback-hosts yes
    retry-interval 2s
    max-smtp-out 1
</domain>
<acct-file {acct}>
    records d,b,t
</acct-file>
"""
DOMAINS = {"greeting.example": "127.0.1.1", "dot.example": "127.0.1.2", "long.example": "127.0.1.2",
           "utf8.example": "127.0.1.2"}


class Trial:
    def __init__(self, rig):
        self.rig = rig
        self.failures = 0
        make_key(rig.path("dkim.key"))
        first = rig.sink("sink", ["127.0.1.1:0"], "--rule", "connect * 354 go ahead")
        port = int(first.ports["smtp"][0].rsplit(":", 1)[1])
        self.sink = rig.sink("sink2", [f"127.0.1.2:{port}"],
                             "--rule", "dot one@dot.example 421 4.7.0 looks odd ;times=1",
                             "--rule", f"dot *@long.example 250 {'x' * 600}")
        records = [record for domain, ip in DOMAINS.items()
                   for record in (f"{domain}. 60 IN MX 10 mx.{domain}.",
                                  f"mx.{domain}. 60 IN A {ip}")]
        records += [f"loop.example. 60 IN MX 10 mail.{SENDER_DOMAIN}.",
                    f"mail.{SENDER_DOMAIN}. 60 IN A 127.0.1.2"]
        dns = rig.dns(records)
        rig.path("acct").mkdir()
        config = rig.write("hostile.conf", CONF.format(
            sender=SENDER_DOMAIN, dns_port=dns.port, port=port, acct=rig.path("acct") / "acct.csv"))
        coordinator = rig.coordinator("coordinator", "--config", str(config))
        self.shard = rig.shard("shard-a", config, coordinator.ports["grpc"])

    def submit(self, *recipients):
        message = self.rig.write("message.eml", f"From: a@{SENDER_DOMAIN}\nX-Convoy-Id: "
                                                f"{recipients[0]}\nSubject: x\n\nx\n")
        to = [word for rcpt in recipients for word in ("--to", rcpt)]
        subprocess.run([find_binary("cli/convoy"), "--shard", self.shard.ports["grpc"], "submit",
                        str(message), "--from", f"a@{SENDER_DOMAIN}", *to], check=True,
                       capture_output=True, timeout=60)

    def records(self, rcpt):
        """(type, diagnostic) of each accounting record of a recipient, in order."""
        rows = []
        for path in sorted(self.rig.path("acct").glob("acct-*.csv")):
            with open(path, newline="", encoding="utf-8") as file:
                rows += [(row["type"], row["dsnDiag"]) for row in csv.DictReader(file)
                         if row["rcpt"] == rcpt]
        return rows

    def wait_records(self, rcpt, kinds):
        wait_until(lambda: self.rig.check_running()
                   and [kind for kind, _ in self.records(rcpt)] == kinds,
                   f"records {kinds} of {rcpt}, there is {self.records(rcpt)}", poll_s=0.1)
        return self.records(rcpt)

    def copies(self, rcpt):
        return sum(1 for line in read_ledger(self.sink.ledger) if line["rcpt"] == rcpt)

    def check(self, good, what):
        self.failures += not good
        print(("ok      " if good else "WRONG   ") + what, flush=True)


def run(args):
    with Rig(keep=args.keep) as rig:
        trial = Trial(rig)
        trial.submit("one@greeting.example")
        for rcpt in ("one@dot.example", "two@dot.example", "one@long.example"):
            trial.submit(rcpt)
        trial.submit("üser@utf8.example")
        trial.submit("one@loop.example")

        rows = trial.wait_records("one@dot.example", ["t", "d"])
        trial.check("421 4.7.0 looks odd" in rows[0][1], f"421 after the dot: {rows}")
        trial.wait_records("two@dot.example", ["d"])
        trial.check(trial.copies("one@dot.example") == 1, "421 after the dot: taken once")
        trial.wait_records("one@long.example", ["d"])
        trial.check(trial.copies("one@long.example") == 1, "long reply: one copy")
        rows = trial.wait_records("üser@utf8.example", ["b"])
        trial.check("SMTPUTF8" in rows[0][1] and trial.copies("üser@utf8.example") == 0,
                    f"no SMTPUTF8: {rows}")
        rows = trial.wait_records("one@loop.example", ["b"])
        trial.check("loops back" in rows[0][1], f"ourselves: {rows}")
        queues = rig.cli(trial.shard.ports["grpc"], "--shard", trial.shard.ports["grpc"], "show",
                         "queues", "greeting.example")
        trial.check("354" in queues and trial.shard.running(), f"greeting 354: {queues.strip()}")
        print("hostile:", "all good" if trial.failures == 0 else "SOMETHING IS WRONG, see above")
        return 0 if trial.failures == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"hostile: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
