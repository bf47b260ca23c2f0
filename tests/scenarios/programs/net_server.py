"""Whom the network's tests talk to: net_server.py FILE SECONDS. Writes its ports to FILE and ends after SECONDS.

Ports: OPEN, an echo on TCP and UDP of 127.0.0.1 and ::1; CLOSED, where nobody listens; FULL, where connecting takes for ever.
A line "call PORT TEXT" on a TCP connection makes it connect to that port, with TEXT, and pass on the answer."""
import os, select, socket, sys, time

path, seconds = sys.argv[1], float(sys.argv[2])
end = time.monotonic() + seconds


def both(kind):
    s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return s


while True:  # one port for both protocols
    stream, datagram = both(socket.SOCK_STREAM), both(socket.SOCK_DGRAM)
    stream.bind(('::', 0))
    try:
        datagram.bind(('::', stream.getsockname()[1]))
        break
    except OSError:
        continue
stream.listen(1000)
closed = socket.socket()
closed.bind(('127.0.0.1', 0))
full = socket.socket()
full.bind(('127.0.0.1', 0))
full.listen(0)
fillers = []
for _ in range(8):
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(full.getsockname())
    fillers.append(filler)
abstract = socket.socket(socket.AF_UNIX)
abstract.bind('\0cordon-net-%d' % os.getpid())
abstract.listen(10)
letters = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
letters.bind('\0cordon-net-%d-d' % os.getpid())
time.sleep(0.2)
with open(path + '.new', 'w') as f:
    f.write('%d %d %d %d\n' % (stream.getsockname()[1], closed.getsockname()[1], full.getsockname()[1], os.getpid()))
os.rename(path + '.new', path)


def call(line):
    _, port, text = line.split(b' ', 2)
    with socket.create_connection(('127.0.0.1', int(port)), 5) as s:
        s.sendall(text)
        return s.recv(100) + b'\n'


poller = select.poll()
connections = {}
for s in stream, datagram, abstract, letters:
    poller.register(s, select.POLLIN)
while time.monotonic() < end:
    for fd, _ in poller.poll(500):
        if fd in (stream.fileno(), abstract.fileno()):
            s = (stream if fd == stream.fileno() else abstract).accept()[0]
            connections[s.fileno()] = s
            poller.register(s, select.POLLIN)
        elif fd == datagram.fileno():
            data, peer = datagram.recvfrom(65536)
            datagram.sendto(data, peer)
        elif fd == letters.fileno():
            letters.recv(65536)
        else:
            s = connections[fd]
            try:
                data = s.recv(65536)
                s.sendall(call(data) if data.startswith(b'call ') else data)
            except OSError as e:
                data = b''
            if not data:
                poller.unregister(fd)
                del connections[fd]
                s.close()
