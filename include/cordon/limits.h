/* Hard maxima. Everything that a space can make the monitor hold is bounded by one of these. */
#ifndef CORDON_LIMITS_H
#define CORDON_LIMITS_H

#define CD_PATH_MAX	    4096  /* bytes of a path with its NUL, as in the kernel */
#define CD_NAME_MAX	    255	  /* bytes of one path component */
#define CD_SYMLINK_MAX	    40	  /* symbolic links followed in one resolution, as in the kernel */
#define CD_XATTR_SIZE_MAX   65536 /* bytes of one extended attribute's value */
#define CD_LAYERS_MAX	    64	  /* layers in one chain */
#define CD_COPY_MAX	    8192 /* bytes of a file that is copied into a view instead of mounted */
#define CD_SPACE_ID_MAX	    256	 /* bytes of a space's id with its NUL: "1.2.1" */
#define CD_SPACES_MAX	    256	 /* spaces within one that the user has started */
#define CD_PENDING_MAX	    256	 /* operations of one space that block at the same time */
#define CD_DENIALS_MAX	    512	 /* distinct denials remembered for the summary */
#define CD_TERMINALS_MAX    256	 /* pseudo-terminals of one space */
#define CD_POLICY_SIZE_MAX  (4u << 20) /* bytes of one policy file */
#define CD_POLICY_DEPTH_MAX 32	       /* extends chain */
#define CD_RULES_MAX	    (1u << 20) /* rules of one compiled table */

#endif
