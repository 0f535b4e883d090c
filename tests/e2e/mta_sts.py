"""MTA-STS with real parts: policies on the web, real certificates, hosts that do not play along.

The shard trusts one authority. A web server has the policy of each domain, by HTTPS, and one mail
host per domain takes mail:

    good      in its policy, and proves its name                 gets its mail, by TLS
    stripped  STARTTLS is missing, as someone between would do   gets none
    foreign   a certificate of an authority nobody knows         gets none
    name      a certificate for another name                     gets none
    subject   the name is not where RFC 8461 4.2 looks for it    gets none
    old       nothing newer than TLS 1.1                         gets none
    moved     a host that the policy does not name               gets none, not even a connection
    testing   in testing mode, STARTTLS is missing               gets its mail, and the log says so
    redirect  the web server sends elsewhere: no policy          gets its mail in clear text
    insecure  the web server's certificate is another's: the same

Then `good` gets one more message after a SIGKILL of the shard, when the web server is gone and
STARTTLS is taken out: the kept policy holds, and the message waits.
"""

import argparse
import http.server
import json
import ssl
import subprocess
import sys
import threading

from quickstart import SENDER_DOMAIN
from rig import Rig, RigError, find_binary, free_port, wait_until
from tls_rig import Certificates, Receiver

REFUSED = {"stripped": "STARTTLS is not offered", "foreign": "certificate is not good enough",
           "name": "certificate is not good enough", "subject": "certificate is not good enough",
           "old": "TLS handshake failed", "moved": "is no mx of the policy"}
DELIVERED = {"good": True, "testing": False, "redirect": False, "insecure": False}  # by TLS?
NO_STARTTLS = ["stripped", "testing", "redirect", "insecure"]
WEB_IP = "127.0.1.100"

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
    use-mta-sts yes
    allow-loopback-hosts yes
    retry-after 1s
    default-smtp-port {port}
</domain>
"""


def policy_of(name):
    mode = "testing" if name == "testing" else "enforce"
    mx = "mx.elsewhere.example" if name == "moved" else f"mx.{name}.example"
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n"


class Web(http.server.ThreadingHTTPServer):
    """mta-sts.NAME.example for each name; its certificate is chosen by SNI."""

    daemon_threads = True

    def __init__(self, contexts):
        super().__init__((WEB_IP, 0), Policies)
        self.asked = []  # names, one for each policy given
        outer = next(iter(contexts.values()))

        def choose(connection, name, _):
            connection.context = contexts.get(name, outer)

        outer.sni_callback = choose
        self.socket = outer.wrap_socket(self.socket, server_side=True,
                                        do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that does not like the certificate is no news."""


class Policies(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.headers["Host"].split(".")[1]
        good = self.path == "/.well-known/mta-sts.txt" and name != "redirect"
        body = policy_of(name).encode()
        self.send_response(200 if good else 301)
        if not good:
            self.send_header("Location", f"https://{self.headers['Host']}/elsewhere")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked.append(name)

    def log_message(self, *_):
        """The test says what matters."""


def contexts_of(made, names):
    """The TLS of each mail host; None: STARTTLS is not offered."""
    made.make("unknown", "unknown.example", None)
    contexts = {}
    for name in names:
        if name in NO_STARTTLS:
            contexts[name] = None
            continue
        made.make(name, "mx.elsewhere.example" if name == "name" else f"mx.{name}.example",
                  "unknown" if name == "foreign" else "ca", alternative=name != "subject")
        contexts[name] = made.context(name)
    contexts["old"].set_ciphers("ALL:@SECLEVEL=0")
    contexts["old"].minimum_version = ssl.TLSVersion.TLSv1
    contexts["old"].maximum_version = ssl.TLSVersion.TLSv1_1
    return contexts


class Trial:
    def __init__(self, rig):
        self.rig = rig
        self.good = True
        names = [*DELIVERED, *REFUSED]
        made = Certificates(rig)
        web = {}
        for name in names:
            host = f"mta-sts.{name}.example"
            made.make(f"web-{name}", "www.example" if name == "insecure" else host)
            web[host] = made.context(f"web-{name}")
        self.web = Web(web)
        port = free_port(kind=1)
        self.receivers = {}
        records = []
        for number, (name, context) in enumerate(contexts_of(made, names).items(), 1):
            ip = f"127.0.1.{number}"
            self.receivers[name] = Receiver(ip, port, context)
            records += [f"{name}.example. 60 IN MX 10 mx.{name}.example.",
                        f"mx.{name}.example. 60 IN A {ip}",
                        f'_mta-sts.{name}.example. 60 IN TXT "v=STSv1; id=1"',
                        f"mta-sts.{name}.example. 60 IN A {WEB_IP}"]
        config = rig.write("sts.conf", CONF.format(
            sender=SENDER_DOMAIN, dns_port=rig.dns(records).port, port=port))
        coordinator = rig.coordinator("coordinator", "--config", str(config))
        self.address = coordinator.ports["grpc"]
        self.shard = rig.shard("shard-a", config, self.address,
                               "--tls-ca-file", made.path("ca", "pem"),
                               "--mta-sts-port", str(self.web.server_address[1]))

    def check(self, good, what):
        print(("ok      " if good else "WRONG   ") + what, flush=True)
        self.good = self.good and bool(good)

    def wait(self, condition, what):
        wait_until(lambda: self.rig.check_running() and condition(), what)

    def send(self, name, run="first"):
        subprocess.run(
            [find_binary("bench/convoy-source"), "--ledger",
             str(self.rig.path(f"{name}.{run}.sent")), "--messages", "1", "--run", f"{name}{run}",
             "--from", f"news@{SENDER_DOMAIN}", "--mail-from", f"bounce@{SENDER_DOMAIN}",
             "--grpc", self.shard.ports["grpc"], "--domain", f"{name}.example", "--vmta", "v1"],
            check=True, capture_output=True, timeout=60)

    def error(self, name):
        rows = json.loads(self.rig.cli(self.address, "--json", "show", "queues", "--all"))
        return json.dumps([row for row in rows.get("queues", [])
                           if row["domain"] == f"{name}.example"])

    def log(self):
        return self.shard.log_path.read_text(encoding="utf-8", errors="replace")


def delivered(trial):
    for name, by_tls in DELIVERED.items():
        receiver = trial.receivers[name]
        trial.wait(lambda: receiver.mails, f"mail of {name}: {trial.error(name)}")
        trial.check(receiver.mails == [by_tls], f"{name}: delivered, by TLS: {receiver.mails}")
    trial.check(set(trial.receivers["good"].sni) == {"mx.good.example"},
                f"good: SNI {trial.receivers['good'].sni}")
    trial.wait(lambda: "mx.testing.example would get no mail" in trial.log(),
               "a report of what testing mode lets through")
    trial.check("HTTP status 301" in trial.log(), "redirect: not followed")


def refused(trial):
    for name, words in REFUSED.items():
        trial.wait(lambda: words in trial.error(name), f"{name} to fail: {words}")
        receiver = trial.receivers[name]
        if name == "moved":
            trial.check(receiver.connections == 0, f"{name}: {receiver.connections} connections")
        else:
            trial.wait(lambda: receiver.connections > 1, f"a second attempt for {name}")
        trial.check(not receiver.mails, f"{name}: no mail; {words}")
        trial.check("MAIL" not in receiver.said_in_clear,
                    f"{name}: said in clear text: {sorted(set(receiver.said_in_clear))}")


def kept(trial):
    """The policy outlives the process and the web server."""
    receiver = trial.receivers["good"]
    trial.web.shutdown()
    trial.web.server_close()
    trial.shard.kill()
    receiver.context = None
    receiver.said_in_clear.clear()
    trial.shard.start().wait_ready()
    trial.send("good", "second")
    trial.wait(lambda: "STARTTLS is not offered" in trial.error("good"), "good to be tried again")
    trial.check(receiver.mails == [True] and "MAIL" not in receiver.said_in_clear,
                f"good: nothing in clear text after a SIGKILL: {receiver.said_in_clear}")
    trial.check(trial.web.asked.count("good") == 1, "good: its policy was fetched once")


def run(args):
    with Rig(keep=args.keep) as rig:
        trial = Trial(rig)
        for name in [*DELIVERED, *REFUSED]:
            trial.send(name)
        delivered(trial)
        refused(trial)
        kept(trial)
        print("mta_sts:", "as promised" if trial.good else "SOMETHING IS WRONG, see above")
        return 0 if trial.good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"mta_sts: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
