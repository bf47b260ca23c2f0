/* The program that is pid 1 of every space, carried inside cordon: no file to find, none to exchange. */
	.section .rodata
	.global kern_init_image, kern_init_image_end
	.hidden kern_init_image, kern_init_image_end
	.balign 16
kern_init_image:
	.incbin "cordon-init"
kern_init_image_end:
	.section .note.GNU-stack, "", @progbits
