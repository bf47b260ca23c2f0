"""Hostile programs: one file for each way to be no ELF file that can be run. make_elf.py DIRECTORY"""
import os, struct, sys

out = sys.argv[1]
good = bytearray(open('/bin/true', 'rb').read())
phoff, = struct.unpack_from('<Q', good, 32)
phentsize, phnum = struct.unpack_from('<HH', good, 54)
headers = [phoff + i * phentsize for i in range(phnum)]
kind = lambda at: struct.unpack_from('<I', good, at)[0]
interp = next(at for at in headers if kind(at) == 3)
load = [at for at in headers if kind(at) == 1]
stack = next((at for at in headers if kind(at) == 0x6474e551), None)


def save(name, data):
    path = os.path.join(out, name)
    with open(path, 'wb') as f:
        f.write(data)
    os.chmod(path, 0o755)


def patched(name, *changes):
    data = bytearray(good)
    for form, at, value in changes:
        struct.pack_into(form, data, at, value)
    save(name, data)


# fields of a program header: type 0, flags 4, offset 8, vaddr 16, paddr 24, filesz 32, memsz 40, align 48
huge = 0xffffffffffffffff
save('empty', b'')
save('one-byte', b'\x7f')
for n in 4, 16, 63, 64, 65, 120, phoff + phentsize * phnum - 1, 1000, len(good) // 2:
    save('truncated-%d' % n, good[:n])
patched('wrong-class', ('B', 4, 1))
patched('wrong-endian', ('B', 5, 2))
patched('wrong-arch-arm', ('<H', 18, 183))
patched('wrong-arch-386', ('<H', 18, 3))
patched('wrong-type', ('<H', 16, 1))
patched('core-type', ('<H', 16, 4))
patched('no-headers', ('<H', 56, 0))
patched('many-headers', ('<H', 56, 0xffff))
patched('header-size', ('<H', 54, 55))
patched('header-offset', ('<Q', 32, 1 << 40))
patched('header-wraps', ('<Q', 32, huge - 100))
patched('header-negative', ('<Q', 32, 1 << 63))
for i, at in enumerate(load[:2]):
    patched('load%d-offset-wraps' % i, ('<Q', at + 8, huge - 0xfff))
    patched('load%d-vaddr-wraps' % i, ('<Q', at + 16, huge - 0xfff))
    patched('load%d-filesz-huge' % i, ('<Q', at + 32, huge))
    patched('load%d-memsz-huge' % i, ('<Q', at + 40, 1 << 62))
    patched('load%d-memsz-small' % i, ('<Q', at + 40, 1))
    patched('load%d-align-odd' % i, ('<Q', at + 48, 3))
    patched('load%d-align-huge' % i, ('<Q', at + 48, 1 << 63))
    patched('load%d-kernel' % i, ('<Q', at + 16, 0xffffffff81000000))
interp_offset, = struct.unpack_from('<Q', good, interp + 8)
interp_size, = struct.unpack_from('<Q', good, interp + 32)
patched('interp-unterminated', ('B', interp_offset + interp_size - 1, 0x41))
patched('interp-empty', ('<Q', interp + 32, 0))
patched('interp-one', ('<Q', interp + 32, 1))
patched('interp-huge', ('<Q', interp + 32, 1 << 40))
patched('interp-offset-wraps', ('<Q', interp + 8, huge - 4))
patched('interp-past-end', ('<Q', interp + 8, len(good) + 10))
patched('interp-missing', *[('B', interp_offset + i, c) for i, c in enumerate(b'/no/such/ld.so\0')])
patched('interp-directory', *[('B', interp_offset + i, c) for i, c in enumerate(b'/usr\0')])
patched('interp-itself', *[('B', interp_offset + i, c) for i, c in enumerate(b'/proc/self/exe\0')])
patched('interp-twice', ('<I', headers[0], 3))
patched('entry-nowhere', ('<Q', 24, 0x41414141))
patched('only-text', *[('<I', at, 0) for at in headers if at not in load])
save('zeros', bytes(4096))
save('nul-script', b'#!/bin/sh\0\necho no\n')
save('long-script', b'#!' + b'/' * 5000 + b'\n')
save('sparse', good[:64])
os.truncate(os.path.join(out, 'sparse'), 1 << 40)
