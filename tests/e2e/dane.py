"""DANE with real parts: a signed zone on nsd, real certificates, receivers that do not play along.

nsd serves `example.` signed by ldns, the shard validates it against the zone's own key, and one
receiver per domain takes mail by STARTTLS:

    good      a certificate that its TLSA record is about        gets its mail, by TLS
    ta        one of an authority that its TLSA record is about  gets its mail, by TLS
    stripped  STARTTLS is missing, as someone between would do   gets none
    refused   STARTTLS is answered with 454                      gets none
    other     another certificate than that of the record        gets none
    plain     no TLSA record, no STARTTLS                        gets its mail in clear text
    bogus     a TLSA record whose signature was tampered with    gets none, not even a connection
    forged    MX records whose signature was tampered with       gets none, not even a connection

Every domain that gets none must have been tried before the test ends, and its mail must be waiting.
"""

import argparse
import json
import re
import subprocess
import sys

import dns.exception
import dns.message
import dns.query

from quickstart import SENDER_DOMAIN
from rig import Process, Rig, RigError, find_binary, free_port, wait_until
from tls_rig import Certificates, Receiver

DELIVERED = ["good", "ta", "plain"]
REFUSED = ["stripped", "refused", "other", "bogus", "forged"]
NEVER_CONNECTED = ["bogus", "forged"]
IN_CLEAR = ["plain"]

CONF = """\
host-name mail.{sender}
name-server 127.0.0.1:{dns_port}
<source 127.0.0.1>
    always-allow-relaying yes
</source>
<virtual-mta v1>
    smtp-source-host 127.0.0.31 v1.{sender}
</virtual-mta>
<domain *>
    use-dane yes
    allow-loopback-hosts yes
    retry-after 1s
    default-smtp-port {port}
</domain>
"""


class SignedZone:
    """`example.` signed with ldns and served by nsd; `anchor` is what a resolver is to trust."""

    def __init__(self, rig, records):
        self.rig = rig
        self.port = free_port()
        base = self.ldns("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "example.").strip()
        self.anchor = rig.path(f"{base}.ds")
        rig.write("zone", "\n".join(["$ORIGIN example.", "$TTL 60",
                                     "@ SOA ns hostmaster 1 60 60 6000 60", "@ NS ns",
                                     "ns A 127.0.0.1", *records, ""]))
        self.ldns("ldns-signzone", "-n", "-o", "example.", "-f", "zone.signed", "zone", base)

    def ldns(self, *args):
        done = subprocess.run(args, cwd=self.rig.directory, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RigError(f"{args[0]}: {done.stderr}")
        return done.stdout

    def tamper(self, owner, kind):
        """Turns a bit of the signature over the records of this name and type."""
        path = self.rig.path("zone.signed")
        lines = path.read_text(encoding="utf-8").split("\n")
        start = re.compile(rf"{re.escape(owner)}\.\s.*\sRRSIG\s+{kind}\s")
        hits = [n for n, line in enumerate(lines) if start.match(line)]
        if len(hits) != 1:
            raise RigError(f"no signature of {owner} {kind}")
        words = lines[hits[0]].split()
        sign = len(words) - 1
        words[sign] = ("B" if words[sign][0] != "B" else "C") + words[sign][1:]
        lines[hits[0]] = " ".join(words)
        path.write_text("\n".join(lines), encoding="utf-8")

    def serve(self):
        directory = self.rig.directory
        conf = self.rig.write("nsd.conf", "\n".join([
            "server:", f"  ip-address: 127.0.0.1@{self.port}", "  username: \"\"",
            "  chroot: \"\"", f"  zonesdir: \"{directory}\"",
            f"  pidfile: \"{directory}/nsd.pid\"",
            f"  database: \"{directory}/nsd.db\"", f"  xfrdfile: \"{directory}/xfrd.state\"",
            f"  zonelistfile: \"{directory}/zone.list\"", f"  xfrdir: \"{directory}\"",
            "remote-control:", "  control-enable: no",
            "zone:", "  name: example.", "  zonefile: zone.signed", ""]))
        self.rig.add(Process("nsd", ["nsd", "-d", "-c", str(conf)], directory))
        wait_until(lambda: self.rig.check_running() and self.answers(), "nsd to answer")

    def answers(self):
        try:
            query = dns.message.make_query("example.", "SOA")
            return bool(dns.query.udp(query, "127.0.0.1", 0.2, self.port).answer)
        except (dns.exception.DNSException, OSError):
            return False


def hosts(rig):
    """name -> (address, the context of its certificate, answer to STARTTLS), and TLSA records."""
    made = Certificates(rig)
    for name in ("good", "ta", "refused", "other", "bogus", "forged"):
        made.make(name, f"mx.{name}.example")
    made.make("wanted", "mx.other.example")
    contexts = {"good": made.context("good"), "ta": made.context("ta", ["ca"]), "stripped": None,
                "refused": made.context("refused"), "other": made.context("other"), "plain": None,
                "bogus": made.context("bogus"), "forged": made.context("forged")}
    tlsa = {"good": made.tlsa("good", 3), "ta": made.tlsa("ca", 2),
            "stripped": made.tlsa("good", 3), "refused": made.tlsa("refused", 3),
            "other": made.tlsa("wanted", 3), "bogus": made.tlsa("bogus", 3)}
    return contexts, tlsa


class Trial:
    def __init__(self, rig):
        self.rig = rig
        self.good = True
        contexts, tlsa = hosts(rig)
        port = free_port(kind=1)
        self.receivers = {}
        records = []
        for number, (name, context) in enumerate(contexts.items(), 1):
            ip = f"127.0.1.{number}"
            answer = "454 4.7.0 no TLS today" if name == "refused" else "220 go ahead"
            self.receivers[name] = Receiver(ip, port, context, answer)
            records += [f"{name} MX 10 mx.{name}", f"mx.{name} A {ip}"]
            if name in tlsa:
                records.append(f"_{port}._tcp.mx.{name} TLSA {tlsa[name]}")
        zone = SignedZone(rig, records)
        zone.tamper(f"_{port}._tcp.mx.bogus.example", "TLSA")
        zone.tamper("forged.example", "MX")
        zone.serve()
        config = rig.write("dane.conf", CONF.format(sender=SENDER_DOMAIN, dns_port=zone.port,
                                                    port=port))
        coordinator = rig.coordinator("coordinator", "--config", str(config))
        self.address = coordinator.ports["grpc"]
        self.shard = rig.shard("shard-a", config, self.address, "--trust-anchor",
                               str(zone.anchor))

    def check(self, good, what):
        print(("ok      " if good else "WRONG   ") + what, flush=True)
        self.good = self.good and bool(good)

    def wait(self, condition, what):
        wait_until(lambda: self.rig.check_running() and condition(), what)

    def send(self, name):
        subprocess.run(
            [find_binary("bench/convoy-source"), "--ledger", str(self.rig.path(f"{name}.sent")),
             "--messages", "1", "--run", name, "--from", f"news@{SENDER_DOMAIN}",
             "--mail-from", f"bounce@{SENDER_DOMAIN}", "--grpc", self.shard.ports["grpc"],
             "--domain", f"{name}.example", "--vmta", "v1"],
            check=True, capture_output=True, timeout=60)

    def queues(self):
        rows = json.loads(self.rig.cli(self.address, "--json", "show", "queues", "--all"))
        return {row["domain"].removesuffix(".example"): row for row in rows.get("queues", [])}

    def error(self, name):
        return json.dumps(self.queues().get(name, {}))


def run(trial):
    for name in DELIVERED + REFUSED:
        trial.send(name)
    for name in DELIVERED:
        receiver = trial.receivers[name]
        trial.wait(lambda: receiver.mails, f"mail of {name}: {trial.error(name)}")
        trial.check(receiver.mails == [name not in IN_CLEAR],
                    f"{name}: delivered, by TLS: {receiver.mails}")
    for name in REFUSED:
        words = {"bogus": "DNSSEC validation failed", "forged": "DNSSEC validation failed",
                 "other": "certificate", "stripped": "STARTTLS is not offered",
                 "refused": "no TLS today"}[name]
        trial.wait(lambda: words in trial.error(name), f"{name} to be tried and fail: {words}")
        receiver = trial.receivers[name]
        trial.check(not receiver.mails, f"{name}: no mail; {words}")
        trial.check("MAIL" not in receiver.said_in_clear,
                    f"{name}: said in clear text: {sorted(set(receiver.said_in_clear))}")
        if name in NEVER_CONNECTED:
            trial.check(receiver.connections == 0, f"{name}: {receiver.connections} connections")
        else:
            trial.wait(lambda: receiver.connections > 1, f"a second attempt for {name}")
            trial.check(not receiver.mails, f"{name}: none at the second attempt")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    args = parser.parse_args()
    try:
        with Rig(keep=args.keep) as rig:
            trial = Trial(rig)
            run(trial)
            good = trial.good
    except RigError as error:
        print(error, file=sys.stderr)
        good = False
    print("dane: " + ("as promised" if good else "WRONG"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
