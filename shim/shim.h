/*
 * What the loader puts into files, carried in cordon (include/cordon/shim.h is the contract):
 *
 *	stub	goes right behind struct cd_shim_head
 *	image	goes into interpreters; head.image and head.image_size tell the stub where it is
 *	frames	.debug_frame of the stub, as if the segment stood at address 0
 *
 * The first two are position independent as bytes: they are copied as they are.
 */
#ifndef CORDON_SHIM_SHIM_H
#define CORDON_SHIM_SHIM_H

#include <stddef.h>
#include <stdint.h>

extern const unsigned char shim_stub[], shim_stub_end[];
extern const unsigned char shim_image[], shim_image_end[];
extern const unsigned char shim_frames[], shim_frames_end[];

static inline size_t shim_stub_size(void)
{
	return (uintptr_t)shim_stub_end - (uintptr_t)shim_stub;
}

static inline size_t shim_image_size(void)
{
	return (uintptr_t)shim_image_end - (uintptr_t)shim_image;
}

static inline size_t shim_frames_size(void)
{
	return (uintptr_t)shim_frames_end - (uintptr_t)shim_frames;
}

#endif
