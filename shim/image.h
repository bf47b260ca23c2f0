/*
 * Between the image's assembly and its C.
 */
#ifndef CORDON_SHIM_IMAGE_H
#define CORDON_SHIM_IMAGE_H

/* The page behind the code; shim/image.lds says where. */
extern struct shim_data shim_data;

/* The call had the answer ENOENT: is that the last word? The arguments are the six registers. */
int shim_settles(long nr, const long argument[6]);

/* The length with the NUL, or -errno. The arguments are those that shim_settles() was given. */
long shim_getcwd(char *buffer, unsigned long size, const long argument[6]);

#endif
