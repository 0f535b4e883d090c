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
STALLED = 16  # of twice as many messages: each recipient comes by SMTP and by gRPC


def sink_rules(point):
    """The first attempts of the first recipients are never answered at that phase."""
    if point not in SINK_POINTS:
        return []
    phase, _ = SINK_POINTS[point]
    return [argument for n in range(STALLED)
            for argument in ("--rule", f"{phase} u{n}@{OTHERS[n % len(OTHERS)]} stall ;times=1")]


def restart_without_fail_point(shard):
    shard.env.pop("CONVOY_FAIL_POINT", None)
    shard.args[0] = find_binary("shard/convoy-shard")
    shard.start().wait_ready()


def end_at_store_point(rig, point, shard):
    """Waits until the shard has ended at its point; its gauges, then starts it again."""
    wait_until(lambda: not shard.running(), f"{shard.name} to end at {point}")
    shard.kill()
    gauges = collections.Counter(read_gauges(rig, shard.name))
    restart_without_fail_point(shard)
    return gauges


def end_while_stalled(rig, point, shards):
    """Ends both shards while every stalled attempt hangs in them; their gauges together."""
    _, gauge = SINK_POINTS[point]

    def gauges():
        total = collections.Counter()
        for shard in shards:
            total.update(read_gauges(rig, shard.name))
        return total

    wait_until(lambda: rig.check_running() and gauges()[gauge] >= STALLED,
               f"{STALLED} attempts to hang {point}")
    for shard in shards:
        shard.kill()
    seen = gauges()
    for shard in shards:
        restart_without_fail_point(shard)
    return seen


class PointRig(Rig):
    sinks = ()

    def received(self):
        return [line["id"] for sink in self.sinks for line in read_ledger(sink.ledger)]


def run_point(point, args):
    with PointRig(keep=args.keep) as rig:
        public_key = make_key(rig.path("dkim.key"))
        rig.sinks, sink_port, _ = start_sinks(rig, *sink_rules(point))
        dns = rig.dns(dns_records(public_key))
        config = write_config(rig, dns.port, sink_port)
        env = {"CONVOY_FAIL_POINT": f"{point}:{args.count}"} if point in STORE_POINTS else {}
        _, shards = start_cluster(rig, config, binary=BINARY, env=env)
        messages = 2 * STALLED if point in SINK_POINTS else args.messages
        loads = start_load(shards, point, messages, rig.directory)
        try:
            if point in STORE_POINTS:
                gauges = end_at_store_point(rig, point, shards[0])
            else:
                gauges = end_while_stalled(rig, point, shards)
        finally:
            end_load(loads)
        return verdict(rig, point, gauges)


def verdict(rig, point, gauges):
    sent = [line for kind in ("smtp", "grpc")
            for line in read_ledger(rig.path(f"{point}-{kind}.sent"))]
    accepted = {line["id"] for line in sent if line["fate"] == "accepted"}
    wait_until(lambda: rig.check_running() and accepted <= set(rig.received()),
               "everything acknowledged to be delivered", 240, poll_s=0.5)
    counts = collections.Counter(rig.received())
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
