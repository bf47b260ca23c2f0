CORDON_SRC += kernel/syscalls.c kernel/arguments.c kernel/filter.c kernel/shorten.c kernel/memory.c kernel/trap.c kernel/space.c \
	kernel/process.c kernel/pending.c kernel/port.c kernel/wire.c kernel/answer.c kernel/uses.c kernel/teach.c kernel/init_image.S \
	kernel/border.c kernel/chain.c kernel/nester.c kernel/show.c kernel/reply.c
INIT_SRC += kernel/init.c lib/children.c lib/dir.c
