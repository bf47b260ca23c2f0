LIBCORDON_SRC := libcordon/nester.c lib/ops.c
