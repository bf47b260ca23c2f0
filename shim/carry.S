/* The stub and the image, carried inside cordon for the loader. */
	.section .rodata
	.global shim_stub, shim_stub_end, shim_image, shim_image_end
	.hidden shim_stub, shim_stub_end, shim_image, shim_image_end
	.balign 16
shim_stub:
	.incbin "shim/stub.bin"
shim_stub_end:
	.balign 16
shim_image:
	.incbin "shim/image.bin"
shim_image_end:
	.section .note.GNU-stack, "", @progbits
