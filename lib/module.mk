CORDON_SRC += lib/ops.c lib/status.c lib/buf.c
CORDON_SRC += lib/vec.c lib/without.c lib/children.c lib/dir.c lib/files.c lib/pass.c lib/path.c lib/shared.c
