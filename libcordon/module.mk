LIBCORDON_SRC := libcordon/nester.c libcordon/processes.c lib/ops.c lib/without.c
