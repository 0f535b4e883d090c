"""Pause and resume by the command line, with real mail: what is paused is not sent, anywhere.

Two shards and a coordinator. Of each queue that is paused, in every way (by name, by a wildcard,
before it exists, before both shards restart), nothing may reach the receiver until it is resumed;
mail of a queue that is not paused is sent behind it and must arrive, which shows that the paused
mail had its chance. Each message is handed to both shards, so that the owner gets it directly and
by forwarding.
"""

import argparse
import json
import subprocess
import sys

from quickstart import OTHERS, SENDER_DOMAIN, check_delivery, dns_records, make_key, \
    start_cluster, start_sinks, write_config
from rig import Rig, RigError, find_binary, read_ledger, wait_until

EXACT, WILD, LATER, BY_VMTA = OTHERS[:4]
FREE = OTHERS[4:7]
V1, V2 = "vmta-warm-1", "vmta-warm-2"


class Trial:
    """The cluster, its receivers, and what was accepted for which queue."""

    def __init__(self, rig):
        self.rig = rig
        public_key = make_key(rig.path("dkim.key"))
        self.sinks, port, _ = start_sinks(rig)
        dns = rig.dns(dns_records(public_key))
        self.address, self.shards = start_cluster(rig, write_config(rig, dns.port, port))
        self.runs = 0
        self.good = []

    def check(self, good, what):
        print(("ok      " if good else "WRONG   ") + what, flush=True)
        self.good.append(good)

    def convoy(self, *args):
        """Exit code and all output of the command."""
        done = subprocess.run([find_binary("cli/convoy"), "--coordinator", self.address, *args],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def change(self, verb, queue):
        code, text = self.convoy(verb, "queue", queue)
        self.check(code == 0 and "on 2 shards" in text, f"{verb} {queue}: {text.strip()}")

    def send(self, domain, vmta):
        """One message through each shard; returns their ids, all accepted."""
        self.runs += 1
        ids = []
        for shard in self.shards:
            ledger = self.rig.path(f"run{self.runs}-{shard.name}.sent")
            subprocess.run(
                [find_binary("bench/convoy-source"), "--ledger", str(ledger), "--messages", "1",
                 "--run", f"r{self.runs}{shard.name[-1]}", "--from", f"news@{SENDER_DOMAIN}",
                 "--mail-from", f"bounce@{SENDER_DOMAIN}", "--grpc", shard.ports["grpc"],
                 "--domain", domain, "--vmta", vmta],
                check=True, capture_output=True, timeout=60)
            ids += [line["id"] for line in read_ledger(ledger) if line["fate"] == "accepted"]
        if len(ids) != len(self.shards):
            raise RigError(f"mail for {domain}/{vmta} was not accepted")
        return ids

    def received(self):
        return [line for sink in self.sinks for line in read_ledger(sink.ledger)]

    def wait_arrived(self, ids, what):
        wait_until(lambda: self.rig.check_running()
                   and set(ids) <= {line["id"] for line in self.received()}, what)

    def check_held(self, held, what):
        """None of `held` arrives before mail that was sent after it."""
        behind = [id_ for domain in FREE for id_ in self.send(domain, V1)]
        self.wait_arrived(behind, f"mail of free queues ({what})")
        arrived = {line["id"] for line in self.received()} & set(held)
        self.check(not arrived, f"{what}: {len(held)} held, {len(arrived)} of them arrived")

    def queues(self, *args):
        _, text = self.convoy("--json", "show", "queues", "--all", *args)
        return {f"{row['domain']}/{row['virtual_mta']}": row
                for row in json.loads(text).get("queues", [])}

    def restart(self):
        for shard in self.shards:
            shard.stop()
            shard.start().wait_ready()
        # Its new address is known when the coordinator answers for both.
        wait_until(lambda: self.rig.check_running() and self.convoy("show", "status")[0] == 0,
                   "both shards after the restart")


def paused_is_not_sent(trial):
    """Exact and wildcard, queues that exist and queues that do not; returns what is held."""
    first = trial.send(EXACT, V1) + trial.send(WILD, V2)
    trial.wait_arrived(first, "mail before any pause")
    trial.change("pause", f"{EXACT}/{V1}")
    trial.change("pause", f"{WILD.upper()}/*")
    trial.change("pause", f"{LATER}/{V1}")
    trial.change("pause", f"*/{V2}")
    held = {f"{EXACT}/{V1}": trial.send(EXACT, V1),    # there already, by name
            f"{WILD}/{V2}": trial.send(WILD, V2),      # there already, by wildcard
            f"{WILD}/{V1}": trial.send(WILD, V1),      # born under a wildcard
            f"{LATER}/{V1}": trial.send(LATER, V1),    # born paused by name
            f"{BY_VMTA}/{V2}": trial.send(BY_VMTA, V2)}
    trial.check_held(sum(held.values(), []), "paused")
    return held


def pauses_are_shown(trial, held):
    paused = trial.queues("--mode", "paused")
    missing = [name for name in held if name not in paused]
    trial.check(not missing, f"show queues --mode paused: {len(paused)} rows, missing {missing}")
    rows = trial.queues(f"*/{V2}")
    trial.check(f"{BY_VMTA}/{V2}" in rows and all(name.endswith(V2) for name in rows),
                f"show queues '*/{V2}': {sorted(rows)}")
    rows = trial.queues(f"{WILD}/*")
    trial.check(set(rows) == {f"{WILD}/{V1}", f"{WILD}/{V2}"}, f"show queues '{WILD}/*'")


def resume_under_a_wildcard_is_refused(trial):
    code, text = trial.convoy("resume", "queue", f"{WILD}/{V1}")
    trial.check(code == 1 and f"wider pause {WILD}/*" in text, f"exit {code}: {text.strip()}")
    code, text = trial.convoy("pause", "queue", f"outlook.com/{V1}")
    trial.check(code == 1 and f"pause queue hotmail.com/{V1}" in text,
                f"a domain that is queued under another name: exit {code}: {text.strip()}")
    code, text = trial.convoy("pause", "queue", f"{EXACT}/nosuch")
    trial.check(code == 1 and "nosuch" in text, f"exit {code}: {text.strip()}")
    code, text = trial.convoy("pause", "queue", "brand*/x")
    trial.check(code == 1 and "whole name" in text, f"exit {code}: {text.strip()}")


def resumed_is_sent(trial, held):
    """One queue after the other; the rest stays. A queue resumed while empty is born free."""
    trial.change("resume", f"{EXACT}/{V1}")
    trial.wait_arrived(held.pop(f"{EXACT}/{V1}"), "the queue resumed by name")
    trial.change("resume", f"{WILD}/*")
    trial.wait_arrived(held.pop(f"{WILD}/{V1}"), "the queue resumed by wildcard")
    trial.check_held(sum(held.values(), []), f"{WILD}/{V2} is held by */{V2} still")
    trial.change("resume", f"*/{V2}")
    trial.change("resume", f"{LATER}/{V1}")
    trial.wait_arrived(sum(held.values(), []), "all that was held")
    trial.restart()
    trial.wait_arrived(trial.send(EXACT, V1) + trial.send(LATER, V1) + trial.send(WILD, V2),
                       "mail of queues resumed before a restart")


def resumed_while_empty(trial):
    """The queue is known from before the restart, holds no mail, and is not made again."""
    trial.wait_arrived(trial.send(EXACT, V2), "mail before the last pause")
    trial.change("pause", f"{EXACT}/{V2}")
    trial.restart()
    trial.change("resume", f"{EXACT}/{V2}")
    trial.restart()
    trial.wait_arrived(trial.send(EXACT, V2), "mail of a queue resumed while it was empty")
    trial.check(not trial.queues("--mode", "paused"), "nothing is paused at the end")


def run(args):
    with Rig(keep=args.keep) as rig:
        trial = Trial(rig)
        held = paused_is_not_sent(trial)
        pauses_are_shown(trial, held)
        trial.restart()
        trial.check_held(sum(held.values(), []), "after a restart of both shards")
        resume_under_a_wildcard_is_refused(trial)
        trial.check_held(sum(held.values(), []), "after the refused resume")
        resumed_is_sent(trial, held)
        resumed_while_empty(trial)
        sent = [line for path in rig.directory.glob("*.sent") for line in read_ledger(path)]
        accepted, lost, duplicated = check_delivery(sent, trial.received())
        trial.check(not lost and not duplicated, f"accepted {len(accepted)}, lost {len(lost)}, "
                                                 f"duplicated {duplicated}")
        print("pause:", "all good" if all(trial.good) else "SOMETHING IS WRONG, see above")
        return 0 if all(trial.good) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"pause: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
