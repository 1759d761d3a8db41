"""What may stand before a broker: something that speaks TLS, or a unix socket."""

import socket
import ssl
import subprocess
import threading

DEADLINE = 20.0


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True,
                   timeout=DEADLINE)


# What `openssl ca` wants, which is the one that can date a certificate.
CONFIGURATION = """
[ca]
default_ca = authority
[authority]
certificate = ca.pem
private_key = ca.key
database = {name}.index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectAltName = {alternative}
"""


class Authority:
    """A certificate authority in a directory: ca.pem, and what it signs."""

    def __init__(self, directory):
        self.directory = str(directory)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=Test authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
                cwd=self.directory)

    def path(self, name):
        return f"{self.directory}/{name}"

    def issue(self, name, subject, alternative="DNS:localhost", begin=None, end=None):
        """NAME.pem and NAME.key; valid now, unless times are given."""
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", f"/CN={subject}", "-keyout", name + ".key", "-out", name + ".csr",
                cwd=self.directory)
        with open(self.path(name + ".cnf"), "w") as file:
            file.write(CONFIGURATION.format(name=name, alternative=alternative))
        open(self.path(name + ".index"), "w").close()
        times = ("-startdate", begin, "-enddate", end) if begin else ("-days", "2")
        openssl("ca", "-batch", "-notext", "-config", name + ".cnf", "-in", name + ".csr",
                "-out", name + ".pem", *times, cwd=self.directory)

    def server_context(self, name, asks_for_certificate=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        return context


class Front:
    """Passes connections on to an address, byte for byte, in threads of this process."""

    def __init__(self, listener, to, context=None):
        self.listener = listener
        self.to = to
        self.context = context
        threading.Thread(target=self.accept, daemon=True).start()

    @classmethod
    def with_tls(cls, to, context):
        return cls(socket.create_server(("127.0.0.1", 0)), to, context)

    @classmethod
    def at_path(cls, path, to):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        return cls(listener, to)

    def use(self, context):
        """From the next connection on."""
        self.context = context

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        try:
            if self.context:
                near = self.context.wrap_socket(near, server_side=True)
            far = socket.create_connection(self.to, DEADLINE)
        except OSError:
            near.close()  # a handshake that failed is the other side's affair
            return
        with near, far:
            far.settimeout(None)
            back = threading.Thread(target=self.copy, args=(far, near), daemon=True)
            back.start()
            self.copy(near, far)
            back.join()

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread that accepts
        self.listener.close()
