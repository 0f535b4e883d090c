"""Mail hosts with real certificates for end-to-end tests of TLS: good ones, and others."""

import socketserver
import ssl
import subprocess
import threading

from rig import RigError


class Receiver(socketserver.ThreadingTCPServer):
    """One domain's mail host: what it offers and shows, and what it has been given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, ip, port, context=None, starttls="220 go ahead"):
        super().__init__((ip, port), Dialogue)
        self.context = context    # None: STARTTLS is not offered
        self.starttls = starttls  # the answer to it
        self.lock = threading.Lock()
        self.connections = 0
        self.mails = []  # of each message: was it given by TLS?
        self.said_in_clear = []  # commands before TLS
        self.sni = []            # the names asked for
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Dialogue(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def upgrade(self):
        self.server.context.sni_callback = lambda _, name, __: self.server.sni.append(name)
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def handle(self):
        server = self.server
        secure = False
        with server.lock:
            server.connections += 1
        try:
            self.say("220 mx")
            while line := self.rfile.readline().decode("latin-1").strip():
                command = line.upper()
                if not secure:
                    with server.lock:
                        server.said_in_clear.append(command.split()[0])
                if command.startswith("EHLO"):
                    offer = server.context is not None and not secure
                    self.say("250-mx" if offer else "250 mx")
                    if offer:
                        self.say("250 STARTTLS")
                elif command == "STARTTLS":
                    self.say(server.starttls)
                    if server.starttls.startswith("220"):
                        self.upgrade()
                        secure = True
                elif command == "DATA":
                    self.say("354 go ahead")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    with server.lock:
                        server.mails.append(secure)
                    self.say("250 2.0.0 taken")
                elif command == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")
        except (OSError, ValueError):
            return  # the client gave up in the handshake


class Certificates:
    """An authority, and server certificates signed by it, made with openssl."""

    def __init__(self, rig):
        self.rig = rig
        self.config = str(rig.write("openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n"))
        self.make("ca", "authority.example", None)

    def openssl(self, *args):
        done = subprocess.run(["openssl", *args], capture_output=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RigError(f"openssl {args[0]}: {done.stderr.decode()}")
        return done.stdout

    def path(self, stem, kind):
        return str(self.rig.path(f"{stem}.{kind}"))

    def make(self, stem, name, authority="ca", days="30", alternative=True):
        """`authority` None: it is one itself. Without `alternative` the name is in the subject."""
        signer = ["-CA", self.path(authority, "pem"), "-CAkey", self.path(authority, "key")]
        self.openssl("req", "-config", self.config, "-x509", "-newkey", "ec",
                     "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days,
                     "-subj", f"/CN={name}",
                     *(["-addext", f"subjectAltName=DNS:{name}"] if alternative else []),
                     "-addext", "basicConstraints=critical,CA:" +
                     ("FALSE" if authority else "TRUE"),
                     "-keyout", self.path(stem, "key"), "-out", self.path(stem, "pem"),
                     *(signer if authority else []))
        return stem

    def context(self, stem, chain=()):
        """A server that shows this certificate and those of `chain`."""
        file = self.rig.write(f"{stem}.chain", "".join(
            self.rig.path(f"{one}.pem").read_text(encoding="utf-8") for one in (stem, *chain)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(file), self.path(stem, "key"))
        return context

    def tlsa(self, stem, usage):
        """USAGE 1 1 DIGEST: SHA-256 of the public key."""
        key = self.openssl("x509", "-in", self.path(stem, "pem"), "-noout", "-pubkey")
        pem = self.rig.write(f"{stem}.pub", key.decode())
        der = self.openssl("pkey", "-pubin", "-in", str(pem), "-outform", "DER")
        digest = self.rig.path(f"{stem}.der")
        digest.write_bytes(der)
        return f"{usage} 1 1 " + self.openssl("dgst", "-sha256", "-r", str(digest)).decode()[:64]
