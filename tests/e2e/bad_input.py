"""Bad input through every door of real processes: a clear answer, nothing kept, nothing crashed.

Each case names what it does and what it must be told. At the end the receivers hold exactly the
good messages: nothing that was refused, and nothing that was smuggled in.
"""

import argparse
import smtplib
import socket
import subprocess
import sys

from quickstart import OTHERS, SENDER_DOMAIN, dns_records, make_key, start_cluster, start_sinks, \
    write_config
from rig import Daemon, Rig, RigError, find_binary, read_ledger, wait_until

GOOD = f"someone@{OTHERS[1]}"
SIZE_MAX = 65536


class Doors:
    """The cluster, and the ways of handing something to it."""

    def __init__(self, rig):
        self.rig = rig
        public_key = make_key(rig.path("dkim.key"))
        self.sinks, port, _ = start_sinks(rig)
        dns = rig.dns(dns_records(public_key)
                      + [f"mail.{SENDER_DOMAIN}. 60 IN MX 10 mx.brand0.example."])
        self.config = write_config(rig, dns.port, port)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(f"<source 127.0.0.1>\n    max-message-size {SIZE_MAX}\n</source>\n")
        self.address, self.shards = start_cluster(rig, self.config)
        self.coordinator = next(p for p in rig.processes if p.name == "coordinator")
        self.coordinator.keep_address()
        self.sent = 0
        self.twice = []  # good messages for two recipients in two domains
        self.failures = 0

    def check(self, what, told, *wanted):
        good = all(piece in told for piece in wanted)
        self.failures += not good
        told = told.strip().replace("\n", " | ")
        print(f"{'ok   ' if good else 'WRONG'} {what}: {told}"
              + ("" if good else f"  (wanted {wanted})"), flush=True)

    def smtp(self, lines, shard=0):
        """Sends raw octets after EHLO and returns all that was answered until QUIT's end."""
        host, port = self.shards[shard].ports["smtp"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as stream:
            stream.sendall(b"EHLO client.test\r\n" + lines + b"QUIT\r\n")
            answer = b""
            while chunk := stream.recv(65536):
                answer += chunk
        return answer.decode("utf-8", "replace")

    def submit(self, content, *args, to=GOOD, sender=f"a@{SENDER_DOMAIN}", shard=0):
        """By gRPC through the command line; returns exit code and what it said."""
        message = self.rig.path("message.eml")
        message.write_bytes(content)
        done = subprocess.run(
            [find_binary("cli/convoy"), "--shard", self.shards[shard].ports["grpc"], "submit",
             str(message), "--from", sender, "--to", to, *args],
            capture_output=True, text=True, timeout=60, check=False)
        return f"exit {done.returncode}: {done.stdout}{done.stderr}"

    def good_mail(self, count, shard=0):
        """Messages that must arrive, one for each of `count` domains."""
        host, port = self.shards[shard].ports["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port)) as client:
            for i in range(count):
                self.sent += 1
                client.sendmail(f"a@{SENDER_DOMAIN}", f"r{self.sent}@{OTHERS[i % len(OTHERS)]}",
                                f"From: a@{SENDER_DOMAIN}\r\nX-Convoy-Id: good-{self.sent}\r\n"
                                "Subject: good\r\n\r\ngood\r\n")

    def received(self):
        return sorted(line["id"] for sink in self.sinks for line in read_ledger(sink.ledger))

    def wait_for_good_mail(self):
        wanted = self.sent + len(self.twice)
        wait_until(lambda: self.rig.check_running() and len(self.received()) >= wanted,
                   f"{wanted} good messages to arrive", poll_s=0.1)


MESSAGE = b"From: a@yourdomain.com\r\nX-Convoy-Id: bad\r\nSubject: bad\r\n\r\nbad\r\n"


def by_smtp(doors):
    mail = b"MAIL FROM:<a@yourdomain.com>\r\n"
    rcpt = b"RCPT TO:<" + GOOD.encode() + b">\r\n"
    data = mail + rcpt + b"DATA\r\n"
    doors.check("unknown virtual MTA", doors.smtp(data + b"X-Virtual-MTA: nope\r\n" + MESSAGE
                + b".\r\n"), "554 5.5.0", "nope")
    doors.check("recipient without a domain", doors.smtp(mail + b"RCPT TO:<nobody>\r\n"), "5.1.3")
    doors.check("recipient with a bad domain",
                doors.smtp(mail + b"RCPT TO:<a@-bad-..example>\r\n"), "5.1.3")
    # RFC 5321 4.5.1: what is taken for it must arrive, beside another recipient too.
    doors.sent += 1
    doors.check("postmaster without a domain", doors.smtp(
        data.replace(b"DATA", b"RCPT TO:<postmaster>\r\nDATA")
        + MESSAGE.replace(b"Id: bad", b"Id: good-%d" % doors.sent) + b".\r\n"), "250 2.0.0")
    doors.twice.append(f"good-{doors.sent}")
    doors.check("suppressed recipient in another spelling", doors.smtp(
        mail + b'RCPT TO:<"S\\top"@brand0.example>\r\nDATA\r\n' + MESSAGE + b".\r\n"),
                "250 2.0.0")
    doors.check("sender with a bad address", doors.smtp(b"MAIL FROM:<a b@c>\r\n"), "50")
    doors.check("too large, said in SIZE",
                doors.smtp(b"MAIL FROM:<a@yourdomain.com> SIZE=999999\r\n"), "552 5.3.4")
    doors.check("too large, found in DATA", doors.smtp(
        data + MESSAGE + b"x" * 70 + (b"\r\n" + b"y" * 70) * 1000 + b"\r\n.\r\n"), "552 5.3.4")
    for name, end in (("bare LF", b"\n.\n"), ("LF dot CRLF", b"\n.\r\n"), ("bare CR", b"\r.\r")):
        smuggled = data + MESSAGE + b"x" + end + mail + rcpt + b"DATA\r\n" + MESSAGE + b".\r\n"
        doors.check(f"smuggling by {name}", doors.smtp(smuggled), "5.6.11")
    doors.check("NUL in the content", doors.smtp(data + MESSAGE + b"a\0b\r\n.\r\n"), "55")


def by_grpc(doors):
    doors.check("unknown virtual MTA", doors.submit(MESSAGE, "--vmta", "nope"), "exit 1", "nope")
    doors.check("recipient without a domain", doors.submit(MESSAGE, to="nobody"), "exit", "5.1.3")
    for name, to in (("CRLF", f"a\r\nRCPT TO:<b@{OTHERS[2]}>"), ("LF", f"a\nb@{OTHERS[2]}"),
                     ("bracket", f"a@{OTHERS[2]}> NOTIFY=NEVER")):
        doors.check(f"{name} in a recipient", doors.submit(MESSAGE, to=to), "exit", "5.1.3")
    doors.check("CRLF in the sender", doors.submit(MESSAGE, sender="a@x.example\r\nDATA"), "exit 1",
                "5.1.7")
    doors.check("LF in the job id", doors.submit(MESSAGE, "--job", "a\nb"), "exit 1", "5.5.4")
    doors.check("job id without end", doors.submit(MESSAGE, "--job", "j" * 50000), "exit 1",
                "5.5.4")
    doors.check("CR in the virtual MTA", doors.submit(MESSAGE, "--vmta", "a\rb"), "exit 1", "5.5.4")
    doors.check("bare CR in the content", doors.submit(MESSAGE + b"a\rb\r\n"), "exit 1", "CR")
    doors.check("NUL in the content", doors.submit(MESSAGE + b"a\0b\r\n"), "exit 1", "NUL")
    doors.check("too large", doors.submit(MESSAGE + b"x" * SIZE_MAX), "exit 1", "5.3.4",
                "max-message-size")
    doors.sent += 1
    keyed = MESSAGE.replace(b"Id: bad", b"Id: good-%d" % doors.sent)
    first = doors.submit(keyed, "--idempotency-key", "k")
    doors.check("key used twice", first + doors.submit(keyed, "--idempotency-key", "k"), "exit 0",
                "accepted before with this key")
    doors.check("key used for another message",
                doors.submit(keyed + b"other\r\n", "--idempotency-key", "k"), "exit 1", "key")


def malformed_configuration(doors):
    bad = doors.rig.write("bad.conf", "host-name a.example\n<domain *>\n    max-smtpout 5\n"
                                      "</domain>\n<virtual-mta v>\n"
                                      "    smtp-source-host mx.example 127.0.0.1\n</virtual-mta>\n")
    done = subprocess.run([find_binary("cli/convoy"), "config", "check", str(bad)],
                          capture_output=True, text=True, timeout=60, check=False)
    doors.check("config check", f"exit {done.returncode}: {done.stdout}", "exit 1", "bad.conf:3:5:",
                "did you mean 'max-smtp-out'?", "bad.conf:6:", "swapped")
    shard = Daemon("shard-x", [find_binary("shard/convoy-shard"), "--name", "shard-x", "--config",
                               str(bad), "--data-dir", str(doors.rig.path("shard-x")),
                               "--coordinator", doors.address], doors.rig.directory).start()
    shard.popen.wait(30)
    doors.check("a shard with it", f"exit {shard.popen.returncode}: {shard.log_tail()}", "exit 1",
                "bad.conf:3:5:")


def nobody_there(doors):
    done = subprocess.run([find_binary("cli/convoy"), "--coordinator", "127.0.0.1:1", "show",
                           "status"], capture_output=True, text=True, timeout=60, check=False)
    doors.check("unreachable coordinator, CLI", f"exit {done.returncode}: {done.stderr}", "exit 3",
                "127.0.0.1:1")
    doors.coordinator.kill()
    doors.good_mail(32)
    doors.coordinator.start().wait_ready()
    doors.wait_for_good_mail()
    doors.check("unreachable coordinator, mail", "accepted and delivered", "delivered")
    doors.shards[1].kill()
    doors.good_mail(32)
    doors.shards[1].start().wait_ready()
    doors.wait_for_good_mail()
    doors.check("unreachable owner, mail", "accepted, and delivered when it was back", "delivered")


def run(args):
    with Rig(keep=args.keep) as rig:
        doors = Doors(rig)
        for part in (by_smtp, by_grpc, malformed_configuration, nobody_there):
            print(f"-- {part.__name__.replace('_', ' ')}", flush=True)
            part(doors)
        wanted = sorted([f"good-{i + 1}" for i in range(doors.sent)] + doors.twice)
        doors.check("what arrived", "only the good mail" if doors.received() == wanted
                    else f"{doors.received()} instead of {wanted}", "only the good mail")
        print("bad input:", "all good" if doors.failures == 0 else "SOMETHING IS WRONG, see above")
        return 0 if doors.failures == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the directory behind")
    try:
        sys.exit(run(parser.parse_args()))
    except RigError as error:
        print(f"bad_input: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
