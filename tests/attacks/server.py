"""Servers outside: server.py DIRECTORY ABSTRACT DIRECTORY SENT. Listens in both directories and writes the TCP port to DIRECTORY/port when all of
them listen. Who connects to DIRECTORY/giver.sock gets a descriptor of the directory SENT; to DIRECTORY/lender.sock, a TCP and a UDP socket.
UDP is sent back on 127.0.0.1 alone."""
import os, select, socket, sys

base, abstract, other, sent = sys.argv[1:]
tcp = socket.socket(socket.AF_INET6)
tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
tcp.bind(('::', 0))
paths = [socket.socket(socket.AF_UNIX) for _ in range(2)]
datagrams = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
for i, where in enumerate((base, other)):
    paths[i].bind(os.path.join(where, 'server.sock'))
    datagrams[i].bind(os.path.join(where, 'server.dgram'))
name = socket.socket(socket.AF_UNIX)
name.bind('\0' + abstract)
giver = socket.socket(socket.AF_UNIX)
giver.bind(os.path.join(base, 'giver.sock'))
for s in tcp, name, giver, *paths:
    s.listen(50)
udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for i, s in enumerate(udp):
    s.bind(('127.0.0.%d' % (i + 1), tcp.getsockname()[1]))
lender = socket.socket(socket.AF_UNIX)
lender.bind(os.path.join(base, 'lender.sock'))
lender.listen(50)
with open(os.path.join(base, 'port.new'), 'w') as f:
    f.write(str(tcp.getsockname()[1]))
os.rename(os.path.join(base, 'port.new'), os.path.join(base, 'port'))
while True:
    for s in select.select([tcp, name, giver, lender, *paths, *datagrams, *udp], [], [])[0]:
        if s in datagrams:
            s.recv(100)
            continue
        if s in udp:
            data, peer = s.recvfrom(100)
            if s is udp[0]:
                s.sendto(data, peer)
            continue
        connection = s.accept()[0]
        try:
            if s is giver:
                fd = os.open(sent, os.O_RDONLY | os.O_DIRECTORY)
                socket.send_fds(connection, [b'd'], [fd])
                os.close(fd)
            elif s is lender:
                sockets = [socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
                socket.send_fds(connection, [b'd'], [s.fileno() for s in sockets])
            else:
                connection.send(b'hello')
        except OSError:
            pass
        connection.close()
