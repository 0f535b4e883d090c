"""Two shards and a coordinator on loopback, real DNS, real receivers: every message accounted for.

Shows what a user gets in the first ten minutes, and checks it: nothing lost, nothing twice,
signatures that an independent verifier accepts, the right source address and EHLO name, delivery
through the owner of the domain whatever shard the mail was submitted to. Exits 0 only when all of
that holds.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys

from rig import Rig, RigError, find_binary, read_ledger, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
MICROSOFT = ["hotmail.com", "outlook.com", "live.com", "msn.com"]
OTHERS = [f"brand{i}.example" for i in range(16)]
VMTAS = {"vmta-warm-1": "127.0.0.21", "vmta-warm-2": "127.0.0.22"}
SENDER_DOMAIN = "yourdomain.com"

QUICKSTART_CONF = """\
# Made by the quickstart: what a loopback trial needs around the sample configuration.
host-name mail.yourdomain.com
name-server 127.0.0.1:{dns_port}
include sample.conf
<domain *>
    default-smtp-port {sink_port}
    allow-loopback-hosts yes
    dkim-sign yes
</domain>
<acct-file {acct_file}>
    records d,b
</acct-file>
"""


def dns_records(public_key):
    """MX and A records: Microsoft behind one host, each brand behind a dead host and a live one."""
    records = []
    for domain in MICROSOFT:
        records += [f"{domain}. 60 IN MX 10 mx.{domain}.", f"mx.{domain}. 60 IN A 127.0.1.1"]
    for i, domain in enumerate(OTHERS):
        records += [f"{domain}. 60 IN MX 20 mx.{domain}.",
                    f"mx.{domain}. 60 IN A 127.0.1.{2 + i % 3}"]
    chunks = [public_key[i:i + 200] for i in range(0, len(public_key), 200)]
    text = " ".join(f'"{chunk}"' for chunk in ["v=DKIM1; k=rsa; p=" + chunks[0], *chunks[1:]])
    records.append(f"big-signer._domainkey.{SENDER_DOMAIN}. 60 IN TXT {text}")
    return records


def make_key(path):
    """A new RSA-2048 key; returns the public half as the DNS record wants it."""
    subprocess.run(["openssl", "genrsa", "-out", str(path), "2048"], check=True,
                   capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", str(path), "-pubout"], check=True,
                            capture_output=True, text=True).stdout
    return "".join(line for line in public.splitlines() if "KEY" not in line)


def start_sinks(rig, *rules):
    """One receiver on four addresses and one port, saving every tenth message."""
    save = rig.path("received")
    save.mkdir()
    first = rig.sink("sink", ["127.0.1.1:0"], "--save-dir", str(save), "--save-every", "10", *rules)
    port = int(first.ports["smtp"][0].rsplit(":", 1)[1])
    others = [f"127.0.1.{i}:{port}" for i in (2, 3, 4)]
    second = rig.sink("sink2", others, "--save-dir", str(save / "more"), "--save-every", "10",
                      *rules)
    (save / "more").mkdir(exist_ok=True)
    return [first, second], port, save


def write_config(rig, dns_port, sink_port):
    sample = (ROOT / "deploy/examples/sample.conf").read_text(encoding="utf-8")
    rig.write("sample.conf", sample)
    rig.write("suppression-lifestyle.txt", "# asked not to be mailed\nstop@brand0.example\n")
    rig.path("acct").mkdir()
    return rig.write("quickstart.conf",
                     QUICKSTART_CONF.format(dns_port=dns_port, sink_port=sink_port,
                                            acct_file=rig.path("acct") / "acct.csv"))


def start_cluster(rig, config, **first):
    """A coordinator and two shards; `first` goes to Rig.shard for the first of them."""
    coordinator = rig.coordinator("coordinator", "--config", str(config))
    address = coordinator.ports["grpc"]
    shards = [rig.shard("shard-a", config, address, **first),
              rig.shard("shard-b", config, address)]

    def both_own():
        status = json.loads(rig.cli(address, "--json", "show", "shards"))
        return sum(1 for shard in status["shards"] if shard.get("slots", 0) > 0) == 2

    wait_until(both_own, "both shards to own part of the slots")
    return address, shards


def submit(shards, messages, ledger, run):
    """Half by SMTP with x-virtual-mta, half by gRPC, each to both shards, whoever owns it."""
    source = [find_binary("bench/convoy-source"), "--ledger", str(ledger),
              "--from", f"news@{SENDER_DOMAIN}", "--mail-from", f"bounce@{SENDER_DOMAIN}",
              "--sessions", "4", "--size", "2048"]
    for domain in MICROSOFT + OTHERS * 3:
        source += ["--domain", domain]
    for vmta in (*VMTAS, "warm"):
        source += ["--vmta", vmta]
    half = messages // 2
    for kind, first, count in (("smtp", 0, half), ("grpc", half, messages - half)):
        args = source + ["--run", run, "--first", str(first), "--messages", str(count)]
        for shard in shards:
            args += [f"--{kind}", shard.ports[kind]]
        done = subprocess.run(args, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise RigError(f"convoy-source: {done.stdout}{done.stderr}")


def check_delivery(sent, got):
    """Lost and duplicated, from the two sides' own ledgers."""
    accepted = {line["id"]: line for line in sent if line["fate"] == "accepted"}
    counts = collections.Counter(line["id"] for line in got if line["reply"] == "250")
    lost = [id_ for id_ in accepted if counts[id_] == 0]
    duplicated = sum(n - 1 for n in counts.values() if n > 1)
    return accepted, lost, duplicated


def check_sources(accepted, got):
    """Every message came from the address and with the EHLO name of its virtual MTA."""
    wrong = []
    for line in got:
        wanted = accepted[line["id"]]["vmta"]
        names = [wanted] if wanted in VMTAS else list(VMTAS)
        if not any(line["peer"] == VMTAS[name] and line["helo"] == f"{name}.{SENDER_DOMAIN}"
                   for name in names):
            wrong.append(line)
    return wrong


def verify_dkim(rig, public_key, directory):
    """python3-dkim on the saved messages, with the key from the same DNS records."""
    code = ("import sys, dkim\n"
            "key = b'v=DKIM1; k=rsa; p=' + sys.argv[1].encode()\n"
            "bad = 0\n"
            "for name in sys.argv[2:]:\n"
            "    good = dkim.verify(open(name, 'rb').read(), dnsfunc=lambda n, timeout=5: key)\n"
            "    bad += 0 if good else 1\n"
            "print(bad)\n")
    files = [str(path) for path in sorted(directory.rglob("*.eml"))]
    done = subprocess.run(["/usr/bin/python3", "-c", code, public_key, *files], check=True,
                          capture_output=True, text=True)
    return len(files), int(done.stdout)


def owners_of(rig, address):
    """How many recipients each shard delivered, from their own status."""
    status = json.loads(rig.cli(address, "--json", "show", "status"))
    return {shard["shard"]: int(shard["delivered"]) for shard in status["shards"]}


def accounted(rig):
    """How many delivery records the accounting files of both shards hold."""
    count = 0
    for path in sorted(rig.path("acct").glob("acct-*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            count += sum(1 for row in csv.DictReader(file) if row["type"] == "d")
    return count


def report(rows):
    for name, value in rows:
        print(f"{name:<34}{value}")


def run(args):
    with Rig(keep=args.keep, directory=args.directory) as rig:
        public_key = make_key(rig.path("dkim.key"))
        sinks, sink_port, saved = start_sinks(rig)
        dns = rig.dns(dns_records(public_key))
        config = write_config(rig, dns.port, sink_port)
        address, shards = start_cluster(rig, config)
        sent_path = rig.path("sent.ledger")
        submit(shards, args.messages, sent_path, "qs")
        sent = read_ledger(sent_path)

        def received():
            return [line for sink in sinks for line in read_ledger(sink.ledger)]

        wait_until(lambda: rig.check_running()
                   and len({line["id"] for line in received()}) >= args.messages,
                   f"all {args.messages} messages at the receiver", 180, poll_s=0.2)
        wait_until(lambda: rig.check_running() and accounted(rig) >= args.messages,
                   "a delivery record for each message", poll_s=0.2)
        got = received()
        accepted, lost, duplicated = check_delivery(sent, got)
        wrong = check_sources(accepted, got)
        checked, bad = verify_dkim(rig, public_key, saved)
        records = accounted(rig)
        delivered = owners_of(rig, address)
        unsigned = sum(1 for line in got if not line["dkim"])
        report([
            ("accepted", len(accepted)),
            ("delivered", len({line["id"] for line in got})),
            ("lost", len(lost)),
            ("duplicated", duplicated),
            ("unsigned", unsigned),
            ("DKIM checked by python3-dkim", f"{checked}, bad {bad}"),
            ("wrong source IP or EHLO name", len(wrong)),
            ("delivery records", records),
            ("delivered by each shard", ", ".join(f"{k} {v}" for k, v in delivered.items())),
        ])
        print(rig.cli(address, "show", "status"))
        print(rig.cli(address, "show", "queues"))
        good = (len(accepted) == args.messages and not lost and not duplicated and not unsigned
                and checked > 0 and bad == 0 and not wrong and records == args.messages
                and len(delivered) == 2 and all(delivered.values()))
        print("quickstart:", "all good" if good else "SOMETHING IS WRONG, see above")
        return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    parser.add_argument("--directory", help="work here instead of in a temporary directory")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"quickstart: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
