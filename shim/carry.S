/* The stub, what debuggers are told of it, and the image: carried inside cordon for the loader. */
	.section .rodata
	.global shim_stub, shim_stub_end, shim_image, shim_image_end, shim_frames, shim_frames_end
	.hidden shim_stub, shim_stub_end, shim_image, shim_image_end, shim_frames, shim_frames_end
	.balign 16
shim_stub:
	.incbin "shim/stub.bin"
shim_stub_end:
	.balign 16
shim_image:
	.incbin "shim/image.bin"
shim_image_end:
	.balign 16
shim_frames:
	.incbin "shim/frames.bin"
shim_frames_end:
	.section .note.GNU-stack, "", @progbits
