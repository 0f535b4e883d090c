"""Our signer and verifier against python3-dkim, in both directions, and opendkim's SHA-1 refused.

Each case is a message made by a seeded generator (folding, blanks, repeated fields, 8-bit text,
missing last line end, trailing empty lines) x an algorithm x a canonicalisation. The verdicts must
agree, also on copies changed in one place.
"""

import os
import random
import subprocess
import sys
import tempfile
import unittest

import dkim

SIGN = sys.argv[1]
DOMAIN = "example.com"
CANONS = [h + "/" + b for h in ("simple", "relaxed") for b in ("simple", "relaxed")]
MESSAGES = 12

_WORDS = ["alpha", "beta", "  ", "\t", "gamma;", "=?utf-8?q?d?=", "a" * 40, "\u00e9t\u00e9", "."]


def run(arguments, data=b""):
    return subprocess.run(arguments, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_message(seed):
    chance = random.Random(seed)

    def text(words):
        return " ".join(chance.choice(_WORDS) for _ in range(words)).strip() or "x"

    fields = ["From: Joe <joe@%s>" % DOMAIN, "To: a@x.example,\r\n\tb@x.example "]
    fields += ["Subject:%s%s" % (chance.choice(["", " ", "  "]), text(3))]
    fields += ["Date: Fri, 11 Jul 2003 21:00:37 -0700", "MIME-Version: 1.0"]
    fields += ["Content-Type: text/plain;\r\n charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    fields += ["X-Other: " + text(2) for _ in range(chance.randrange(3))]
    fields += ["Cc: c@x.example"] * chance.randrange(2)
    chance.shuffle(fields)
    lines = [text(chance.randrange(1, 6)) + chance.choice(["", " ", "\t "]) for _ in range(8)]
    lines[3] = ""
    body = "\r\n".join(lines) + chance.choice(["\r\n", "\r\n\r\n\r\n", "\r\n \r\n"])
    body = chance.choice([body, body, body, ""])
    return ("\r\n".join(fields) + "\r\n\r\n" + body).encode("utf-8")


def changed(message, chance):
    """A copy with one letter of the signed text replaced: no verifier may accept it."""
    header, _, body = message.partition(b"\r\n\r\n")
    if b"alpha" in body and chance.random() < 0.5:
        return header + b"\r\n\r\n" + body.replace(b"alpha", b"alpho", 1)
    at = header.rfind(b"joe@" + DOMAIN.encode())
    return header[:at] + b"jim@" + header[at + 4 :] + b"\r\n\r\n" + body


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.keys = {}
        rsa = ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"]
        for name, options in (("rsa", rsa), ("ed25519", ["ed25519"])):
            path = os.path.join(cls.directory.name, name + ".pem")
            subprocess.check_call(
                ["openssl", "genpkey", "-quiet", "-algorithm"] + options + ["-out", path],
                stderr=subprocess.DEVNULL,
            )
            record = run([SIGN, "--key", path, "--print-record"]).stdout.decode().strip()
            cls.keys[name] = (path, record)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def lookup(self, name, timeout=5):
        selector = name.decode().split(".")[0]
        return self.keys[selector][1].encode()

    def accepted_by_python(self, message):
        return dkim.verify(message, dnsfunc=self.lookup)

    def accepted_by_us(self, message, selector):
        record = "%s._domainkey.%s %s" % (selector, DOMAIN, self.keys[selector][1])
        return run([SIGN, "--verify", "--record", record], message).returncode == 0

    def sign(self, message, name, canon, *more):
        arguments = [SIGN, "--domain", DOMAIN, "--selector", name, "--key", self.keys[name][0]]
        done = run(arguments + ["--canon", canon, *more], message)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_python_accepts_what_we_sign(self):
        chance = random.Random(1)
        for seed in range(MESSAGES):
            for name in self.keys:
                for canon in CANONS:
                    with self.subTest(seed=seed, key=name, canon=canon):
                        signed = self.sign(make_message(seed), name, canon)
                        self.assertTrue(self.accepted_by_python(signed), signed)
                        self.assertFalse(self.accepted_by_python(changed(signed, chance)))

    def test_python_accepts_both_signatures_in_either_order(self):
        message = make_message(99)
        for first, second in (("rsa", "ed25519"), ("ed25519", "rsa")):
            signed = self.sign(self.sign(message, first, CANONS[3]), second, CANONS[0])
            for index in (0, 1):
                good = dkim.DKIM(signed).verify(index, dnsfunc=self.lookup)
                self.assertTrue(good, (first, index))

    def test_python_accepts_identity_and_expiry(self):
        more = ["--identity", "@mail." + DOMAIN, "--expire", "3600"]
        signed = self.sign(make_message(7), "rsa", CANONS[3], *more)
        self.assertTrue(self.accepted_by_python(signed), signed)

    def test_we_accept_what_python_signs(self):
        chance = random.Random(2)
        for seed in range(MESSAGES):
            for canon in CANONS:
                canons = tuple(canon.encode().split(b"/"))
                with self.subTest(seed=seed, canon=canon):
                    message = make_message(seed)
                    with open(self.keys["rsa"][0], "rb") as file:
                        key = file.read()
                    domain = DOMAIN.encode()
                    field = dkim.sign(message, b"rsa", domain, key, canonicalize=canons)
                    signed = field + message
                    self.assertTrue(self.accepted_by_us(signed, "rsa"), signed)
                    self.assertFalse(self.accepted_by_us(changed(signed, chance), "rsa"))

    def test_we_refuse_the_sha1_that_opendkim_signs(self):
        message = make_message(5)
        path, record = self.keys["rsa"]
        done = run(["opendkim-testmsg", "-C", "-d", DOMAIN, "-s", "rsa", "-k", path], message)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"a=rsa-sha1", done.stdout)
        record = "rsa._domainkey.%s %s" % (DOMAIN, record)
        verdict = run([SIGN, "--verify", "--record", record], done.stdout)
        self.assertEqual(verdict.returncode, 1)
        self.assertIn(b"permerror d=example.com s=rsa a=rsa-sha1", verdict.stdout)

    def test_bad_input_is_named(self):
        path = self.keys["rsa"][0]
        good = [SIGN, "--domain", DOMAIN, "--selector", "s", "--key", path]
        cases = (
            (good, b"To: a@x.example\r\n\r\n", b"no From"),
            (good, b"From: a@x.example\r\n\r\n\0", b"NUL"),
            (good + ["--canon", "nowsp"], b"", b"--canon"),
            (good + ["--identity", "@other.example"], b"", b"identity"),
            (good[:-1] + ["/none.pem"], b"", b"/none.pem"),
        )
        for arguments, message, expected in cases:
            with self.subTest(expected=expected):
                done = run(arguments, message)
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout, b"")
