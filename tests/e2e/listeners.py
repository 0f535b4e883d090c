"""What the directives about sockets and names do, seen from outside real processes.

The same scenario under two configurations that differ in name-server, grpc-listener,
smtp-listener, total-max-smtp-in and host-name: where the shard listens, what it calls itself, how
many clients it serves at a time, which DNS server's answer decides where mail goes.
"""

import smtplib
import socket
import sys

from rig import Daemon, Dns, Rig, find_binary, read_ledger, wait_until

CONFIG = """\
host-name {host_name}
name-server 127.0.0.1:{dns_port}
grpc-listener {grpc_ip}:0
smtp-listener {smtp_ip}:0
total-max-smtp-in {clients}
always-allow-relaying yes
<domain *>
    default-smtp-port {sink_port}
    allow-loopback-hosts yes
</domain>
"""

VALUES = [
    {"host_name": "one.test", "grpc_ip": "127.0.0.31", "smtp_ip": "127.0.0.41", "clients": 1},
    {"host_name": "two.test", "grpc_ip": "127.0.0.32", "smtp_ip": "127.0.0.42", "clients": 2},
]


def start_shard(rig, number, values, dns_port, sink_port):
    """A coordinator and a shard that listens where its configuration says."""
    config = rig.write(f"convoy-{number}.conf",
                       CONFIG.format(dns_port=dns_port, sink_port=sink_port, **values))
    coordinator = rig.coordinator(f"coordinator-{number}", "--config", str(config))
    args = [find_binary("shard/convoy-shard"), "--name", f"shard-{number}", "--config",
            str(config), "--data-dir", str(rig.path(f"shard-{number}")), "--coordinator",
            coordinator.ports["grpc"]]
    return rig.add(Daemon(f"shard-{number}", args, rig.directory)).wait_ready()


def greeted(endpoint, patience_s):
    """A connection and its greeting; "" if there is none within `patience_s`."""
    host, port = endpoint.rsplit(":", 1)
    stream = socket.create_connection((host, int(port)), timeout=60)
    stream.settimeout(patience_s)
    try:
        return stream, stream.recv(512).decode()
    except TimeoutError:
        return stream, ""


def clients_served(endpoint, most):
    """How many of `most` + 1 connections are greeted while all are open; then all must be."""
    served = 0
    streams = []
    for i in range(most + 1):
        stream, greeting = greeted(endpoint, 60 if i < most else 0.5)
        served += greeting.startswith("220")
        streams.append(stream)
    streams[0].close()
    streams[-1].settimeout(60)
    waited = streams[-1].recv(512).decode().startswith("220")
    for stream in streams:
        stream.close()
    return served if waited else -1


def observe(rig, number, values, dns_port, sinks, sink_port):
    """What the outside sees of one shard."""
    shard = start_shard(rig, number, values, dns_port, sink_port)
    stream, greeting = greeted(shard.ports["smtp"], 60)
    stream.close()
    served = clients_served(shard.ports["smtp"], values["clients"])
    host, port = shard.ports["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port)) as client:
        client.sendmail("a@brand.test", f"r{number}@a.test",
                        f"From: a@brand.test\r\nX-Convoy-Id: m{number}\r\n\r\nhello\r\n")

    def arrived():
        lines = [(sink.name, line) for sink in sinks for line in read_ledger(sink.ledger)]
        return [(name, line["helo"]) for name, line in lines if line["id"] == f"m{number}"]

    where = wait_until(lambda: rig.check_running() and arrived(), f"message {number} to arrive")
    return {"grpc-listener": shard.ports["grpc"].rsplit(":", 1)[0],
            "smtp-listener": host,
            "total-max-smtp-in": served,
            "host-name": (greeting.split()[1], where[0][1]),
            "name-server": where[0][0]}


def main():
    with Rig() as rig:
        first = rig.sink("sink-1", ["127.0.1.1:0"])
        port = int(first.ports["smtp"][0].rsplit(":", 1)[1])
        sinks = [first, rig.sink("sink-2", [f"127.0.1.2:{port}"])]
        wrong = 0
        for i, values in enumerate(VALUES, start=1):
            zone = rig.path(f"dns-{i}")
            zone.mkdir()
            dns = rig.add(Dns(zone, ["a.test. 60 IN MX 10 mx.a.test.",
                                     f"mx.a.test. 60 IN A 127.0.1.{i}"]))
            seen = observe(rig, i, values, dns.port, sinks, port)
            wanted = {"grpc-listener": values["grpc_ip"],
                      "smtp-listener": values["smtp_ip"],
                      "total-max-smtp-in": values["clients"],
                      "host-name": (values["host_name"], values["host_name"]),
                      "name-server": f"sink-{i}"}
            for name, value in wanted.items():
                good = seen[name] == value
                wrong += not good
                print(f"{'ok   ' if good else 'WRONG'} {name}: {seen[name]} (wanted {value})",
                      flush=True)
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
