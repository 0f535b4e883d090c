"""A full disk: new mail is refused, nothing is lost, and all goes on when there is room again.

The shard's data lies on a small file system of its own (tmpfs, so root is needed), which a file
fills in two steps:

    below the floor   new mail is refused (452, RESOURCE_EXHAUSTED); what is queued is delivered
    no room at all    outcomes cannot be recorded, so sending stops; the process lives
    the file is gone  the rest is delivered, new mail is accepted

Nothing that was accepted may be missing or arrive twice.
"""

import argparse
import json
import os
import smtplib
import subprocess
import sys

from quickstart import OTHERS, SENDER_DOMAIN, dns_records, make_key, start_sinks, write_config
from rig import Rig, RigError, find_binary, read_ledger, wait_until

DISK_MB = 192
FLOOR_MB = 64
MB = 1 << 20


class Disk:
    """A mounted tmpfs and the file that fills it."""

    def __init__(self, path):
        self.path = path
        self.filler = path / "filler"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "convoy-test", str(path)],
                       check=True)

    def free(self):
        stats = os.statvfs(self.path)
        return stats.f_bavail * stats.f_frsize

    def leave_free(self, octets):
        with open(self.filler, "ab") as file:
            size = file.tell() + self.free() - octets
            if size > file.tell():
                os.posix_fallocate(file.fileno(), 0, size)

    def empty(self):
        self.filler.unlink(missing_ok=True)

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.path)], check=True)


class Trial:
    """One shard on the small disk, its receivers, and what was accepted."""

    def __init__(self, rig, disk):
        self.rig = rig
        public_key = make_key(rig.path("dkim.key"))
        # Every recipient of one domain is deferred once: outcomes come while the disk is full.
        self.sinks, port, _ = start_sinks(
            rig, "--rule", f"rcpt *@{OTHERS[0]} 451 4.3.0 later ;times=1")
        dns = rig.dns(dns_records(public_key))
        config = write_config(rig, dns.port, port)
        with open(config, "a", encoding="utf-8") as file:
            file.write(f"<domain {OTHERS[0]}>\n    retry-interval 2s\n</domain>\n")
        address = rig.coordinator("coordinator", "--config", str(config)).ports["grpc"]
        self.shard = rig.shard("shard-a", config, address, "--free-floor", str(FLOOR_MB * MB))
        self.address = address
        self.runs = []

    def submit(self, run, messages, kind):
        """Submits, and returns how many were accepted and how many refused."""
        ledger = self.rig.path(f"{run}.sent")
        args = [find_binary("bench/convoy-source"), "--ledger", str(ledger), "--run", run,
                "--messages", str(messages), "--sessions", "2", "--size", "4096",
                "--from", f"news@{SENDER_DOMAIN}", "--mail-from", f"bounce@{SENDER_DOMAIN}",
                f"--{kind}", self.shard.ports[kind], "--vmta", "warm"]
        for domain in OTHERS[:4]:
            args += ["--domain", domain]
        subprocess.run(args, capture_output=True, timeout=120, check=False)
        self.runs.append(ledger)
        fates = [line["fate"] for line in read_ledger(ledger)]
        return fates.count("accepted"), fates.count("refused")

    def accepted(self):
        return {line["id"] for path in self.runs for line in read_ledger(path)
                if line["fate"] == "accepted"}

    def received(self):
        return [line["id"] for sink in self.sinks for line in read_ledger(sink.ledger)]

    def status(self):
        status = json.loads(self.rig.cli(self.address, "--json", "show", "status"))
        return status["shards"][0]

    def refusals(self):
        """What one message is told by each way in."""
        host, port = self.shard.ports["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port)) as client:
            try:
                client.sendmail("a@example.com", f"b@{OTHERS[1]}", "Subject: x\r\n\r\nx\r\n")
                smtp = "accepted"
            except smtplib.SMTPDataError as error:
                smtp = f"{error.smtp_code} {error.smtp_error.decode()}"
        message = self.rig.write("one.eml", "From: a@example.com\nSubject: x\n\nx\n")
        done = subprocess.run(
            [find_binary("cli/convoy"), "--shard", self.shard.ports["grpc"], "submit", str(message),
             "--to", f"b@{OTHERS[1]}"], capture_output=True, text=True, timeout=60, check=False)
        return smtp, f"exit {done.returncode}: {done.stderr.strip()}"


def check(good, what):
    print(("ok      " if good else "WRONG   ") + what, flush=True)
    return good


def refused_below_the_floor(trial, disk):
    disk.leave_free(FLOOR_MB * MB // 2)
    trial.submit("notice", 10, "smtp")  # the next commit notices
    wait_until(lambda: trial.status()["disk_full"], "the shard to say that the disk is full")
    smtp, grpc = trial.refusals()
    return [check(smtp.startswith("452 4.3.1"), f"below the floor, SMTP: {smtp}"),
            check("4.3.1" in grpc and grpc.startswith("exit 1"), f"below the floor, gRPC: {grpc}")]


def stands_still_without_room(trial, disk):
    disk.leave_free(0)
    before = len(trial.received())
    wait_until(lambda: trial.shard.check_running() and trial.status()["disk_full"],
               "the shard to live without room")
    smtp, _ = trial.refusals()
    return [check(smtp.startswith("452"), f"no room at all, SMTP: {smtp}"),
            check(trial.shard.running(), f"the shard lives, {before} messages had arrived")]


def goes_on_with_room(trial, disk):
    disk.empty()
    wait_until(lambda: not trial.status()["disk_full"], "room to be noticed")
    accepted, refused = trial.submit("after", 200, "grpc")
    good = [check(accepted == 200 and refused == 0, f"room again: accepted {accepted} of 200")]
    wait_until(lambda: trial.rig.check_running() and trial.accepted() <= set(trial.received()),
               "everything accepted to arrive", 120, poll_s=0.2)
    got = trial.received()
    extra = len(got) - len(set(got))
    return good + [check(extra == 0, f"accepted {len(trial.accepted())}, lost 0, "
                                     f"duplicated {extra}")]


def run(args):
    with Rig(keep=args.keep) as rig:
        disk = Disk(rig.path("shard-a"))
        try:
            trial = Trial(rig, disk)
            accepted, _ = trial.submit("before", 400, "smtp")
            good = [check(accepted == 400, f"with room: accepted {accepted} of 400")]
            good += refused_below_the_floor(trial, disk)
            good += stands_still_without_room(trial, disk)
            good += goes_on_with_room(trial, disk)
            trial.shard.stop()
        finally:
            disk.unmount()
        print("full disk:", "all good" if all(good) else "SOMETHING IS WRONG, see above")
        return 0 if all(good) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"full_disk: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
