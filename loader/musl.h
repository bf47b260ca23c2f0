/* The musl that cordon carries: its dynamic linker and libc, which are one file. MIT licence. */
#ifndef CORDON_LOADER_MUSL_H
#define CORDON_LOADER_MUSL_H

/* Where programs that were linked with musl look for it, on this processor. */
#define LOADER_MUSL_NAME "ld-musl-x86_64.so.1"

extern const unsigned char loader_musl[], loader_musl_end[];

#endif
