"""Servers outside: server.py DIRECTORY ABSTRACT. Writes the TCP port to DIRECTORY/port when all of them listen."""
import os, select, socket, sys

base, abstract = sys.argv[1:]
tcp = socket.socket(socket.AF_INET6)
tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
tcp.bind(('::', 0))
path = socket.socket(socket.AF_UNIX)
path.bind(os.path.join(base, 'server.sock'))
name = socket.socket(socket.AF_UNIX)
name.bind('\0' + abstract)
datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
datagram.bind(os.path.join(base, 'server.dgram'))
for s in tcp, path, name:
    s.listen(50)
with open(os.path.join(base, 'port.new'), 'w') as f:
    f.write(str(tcp.getsockname()[1]))
os.rename(os.path.join(base, 'port.new'), os.path.join(base, 'port'))
while True:
    for s in select.select([tcp, path, name, datagram], [], [])[0]:
        if s is datagram:
            s.recv(100)
            continue
        connection = s.accept()[0]
        try:
            connection.send(b'hello')
        except OSError:
            pass
        connection.close()
