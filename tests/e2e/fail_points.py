"""Each window of a message's life is hit for sure: a shard ends inside it, and nothing is lost.

Random kills (kill.py) hit the windows by chance. Here one shard ends at a named point while mail is
submitted to both shards by SMTP and gRPC; then it starts again without a fail point:

    before-accept   a message was read and is not yet on disk: the client is not answered
    after-accept    it is on disk, and the client is not answered
    in-flight       the recipient is in an attempt, its RCPT unanswered
    past-dot        the final dot was sent, its reply never comes: the duplicate window
    before-outcome  the reply has come and is not on disk: the duplicate window
    after-outcome   the outcome is on disk, and nobody was told

For each: the window's gauge was not 0 at the end, everything acknowledged is delivered, and no more
is doubled than stood in the duplicate windows.
"""

import argparse
import collections
import sys

from kill import GAUGES, end_load, read_gauges, start_load
from quickstart import OTHERS, dns_records, make_key, start_cluster, start_sinks, write_config
from rig import Rig, RigError, find_binary, read_ledger, wait_until

BINARY = "tests/e2e/fail_point/convoy-shard-fail-point"
STORE_POINTS = {"before-accept": "unanswered", "after-accept": "unanswered",
                "before-outcome": "outcomes", "after-outcome": "outcomes"}
SINK_POINTS = {"in-flight": ("rcpt", "in flight"), "past-dot": ("dot", "past dot")}
POINTS = [*STORE_POINTS, *SINK_POINTS]


def sink_rules(point):
    """The first attempt of every recipient of two domains is never answered at that phase."""
    if point not in SINK_POINTS:
        return []
    phase, _ = SINK_POINTS[point]
    return [argument for domain in OTHERS[:4]
            for argument in ("--rule", f"{phase} *@{domain} stall ;times=1")]


def restart_without_fail_point(shard):
    shard.env.pop("CONVOY_FAIL_POINT", None)
    shard.args[0] = find_binary("shard/convoy-shard")
    shard.start().wait_ready()


def end_in_window(rig, point, shard):
    """Waits until the shard has ended at its point, or ends it in the window; the gauges then."""
    if point in STORE_POINTS:
        wait_until(lambda: not shard.running(), f"{shard.name} to end at {point}")
        shard.kill()
        return collections.Counter(read_gauges(rig, shard.name))
    _, gauge = SINK_POINTS[point]
    wait_until(lambda: shard.check_running() and read_gauges(rig, shard.name)[gauge] > 0
               and rig.sinks_stalled(), f"{gauge} at {shard.name}")
    shard.kill()
    return collections.Counter(read_gauges(rig, shard.name))


class StallRig(Rig):
    """Knows whether a receiver holds back an answer: its ledger shows it for the final dot."""

    sinks = ()
    point = ""

    def sinks_stalled(self):
        if self.point != "past-dot":
            return True
        return any(line["reply"] == "close" for sink in self.sinks
                   for line in read_ledger(sink.ledger))


def run_point(point, args):
    with StallRig(keep=args.keep) as rig:
        rig.point = point
        public_key = make_key(rig.path("dkim.key"))
        rig.sinks, sink_port, _ = start_sinks(rig, *sink_rules(point))
        dns = rig.dns(dns_records(public_key))
        config = write_config(rig, dns.port, sink_port)
        env = {"CONVOY_FAIL_POINT": f"{point}:{args.count}"} if point in STORE_POINTS else {}
        _, shards = start_cluster(rig, config, binary=BINARY, env=env)
        loads = start_load(shards, point, args.messages, rig.directory)
        try:
            gauges = end_in_window(rig, point, shards[0])
            restart_without_fail_point(shards[0])
            if point in SINK_POINTS:  # the other shard's attempts hang as well, for minutes
                shards[1].kill()
                gauges.update(read_gauges(rig, shards[1].name))
                shards[1].start().wait_ready()
        finally:
            end_load(loads)
        return verdict(rig, point, gauges)


def verdict(rig, point, gauges):
    sent = [line for kind in ("smtp", "grpc")
            for line in read_ledger(rig.path(f"{point}-{kind}.sent"))]
    accepted = {line["id"] for line in sent if line["fate"] == "accepted"}

    def received():
        return [line["id"] for sink in rig.sinks for line in read_ledger(sink.ledger)]

    wait_until(lambda: rig.check_running() and accepted <= set(received()),
               "everything acknowledged to be delivered", 240, poll_s=0.5)
    counts = collections.Counter(received())
    doubled = sum(n - 1 for n in counts.values())
    bound = gauges["past dot"] + gauges["outcomes"]
    window = STORE_POINTS.get(point) or SINK_POINTS[point][1]
    good = bool(accepted) and gauges[window] > 0 and doubled <= bound
    print(f"{point:<15}" + "  ".join(f"{name} {gauges[name]}" for name in GAUGES)
          + f"  accepted {len(accepted)}, lost 0, duplicated {doubled}, bound {bound}"
          + ("" if good else f"  WRONG: window '{window}'"), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--point", action="append", choices=POINTS, help="default: all of them")
    parser.add_argument("--count", type=int, default=40, help="the batch at which a store ends")
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--keep", action="store_true", help="leave the directories behind")
    args = parser.parse_args()
    try:
        good = [run_point(point, args) for point in args.point or POINTS]
    except RigError as error:
        print(f"fail_points: {error}", file=sys.stderr)
        sys.exit(1)
    print("fail points:", "all good" if all(good) else "SOMETHING IS WRONG, see above")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
