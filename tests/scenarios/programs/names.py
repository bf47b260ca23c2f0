"""names.py world LOG READY: a name server (127.0.0.53) and a service (:8080, :8081) for a network of our own.
names.py ask NAME...: connects by NAME[:PORT], one after another, and says what came of each."""
import os, socket, struct, sys, threading

ZONE = {"good.example.org": "203.0.113.1", "two.example.org": "203.0.113.1", "inner.example.org": "127.0.0.1",
        "meta.example.org": "169.254.169.254", "other.example.net": "203.0.113.2"}


def serve_names(log):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.53", 53))
    while True:
        packet, peer = s.recvfrom(1024)
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
            at += 1 + packet[at]
        name, kind = ".".join(labels).lower(), struct.unpack(">H", packet[at + 1:at + 3])[0]
        log.write(name + "\n")
        log.flush()
        address = ZONE.get(name) if kind == 1 else None
        header = packet[:2] + (b"\x81\x80" if name in ZONE else b"\x81\x83") + struct.pack(">4H", 1, address is not None, 0, 0)
        reply = header + packet[12:at + 5]
        if address:
            reply += struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton(address)
        s.sendto(reply, peer)


def serve(port):
    s = socket.create_server(("", port))
    while True:
        c, _ = s.accept()
        c.sendall(b"hello")
        c.close()


def ask(what):
    name, _, port = what.partition(":")
    try:
        c = socket.create_connection((name, int(port or 8080)), 3)
        return c.recv(16).decode() or "nothing"
    except socket.gaierror:
        return "no such name"
    except OSError as e:
        return os.strerror(e.errno) if e.errno else "timed out"


if sys.argv[1] == "ask":
    print(*[ask(what) for what in sys.argv[2:]], sep=", ")
else:
    for port in 8080, 8081:
        threading.Thread(target=serve, args=(port,), daemon=True).start()
    threading.Thread(target=serve_names, args=(open(sys.argv[2], "a"),), daemon=True).start()
    open(sys.argv[3], "w").close()
    threading.Event().wait()
