/* The musl that cordon carries, for programs that need one on machines that have none: the one that cordon itself is built with. */
	.section .rodata
	.global loader_musl, loader_musl_end
	.hidden loader_musl, loader_musl_end
	.balign 16
loader_musl:
	.incbin "musl.so"
loader_musl_end:
	.section .note.GNU-stack, "", @progbits
