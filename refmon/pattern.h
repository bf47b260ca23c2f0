/*
 * The syntax of patterns, and of the objects that they are held against.
 *
 * A path pattern is absolute; "*" stands for any bytes inside one component; a last component "**"
 * means the directory before it and all below. A name pattern is one word, with "*". Addresses:
 * address.h.
 */
#ifndef CORDON_REFMON_PATTERN_H
#define CORDON_REFMON_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/ops.h"
#include "cordon/plan.h"

/*
 * What can be wrong with a pattern:
 *   MON_FLAW(enumerator, what is wrong, what to do about it)
 */
#define MON_FLAWS                                                                                  \
	MON_FLAW(EMPTY, "the pattern is empty", "name a path, an address or a word")               \
	MON_FLAW(RELATIVE, "the path is not absolute",                                             \
		 "begin it with / or with a variable such as ${CWD}")                              \
	MON_FLAW(DOTS, "the path has a \".\" or \"..\" component",                                 \
		 "write the path that it leads to")                                                \
	MON_FLAW(SLASHES, "the path has an empty component (\"//\" or a trailing \"/\")",          \
		 "write one slash between components and none at the end")                         \
	MON_FLAW(STARS, "\"**\" is not the whole last component",                                  \
		 "use * inside a component, and /** only at the end")                              \
	MON_FLAW(LONG_NAME, "a component is longer than 255 bytes, so no file can match it",       \
		 "shorten it")                                                                     \
	MON_FLAW(LONG_PATH, "the path is longer than 4095 bytes", "shorten it")                    \
	MON_FLAW(CONTROL, "it holds a NUL byte", "remove it")                                      \
	MON_FLAW(NAME, "it is not a word of letters, digits, and . _ @ + - *",                     \
		 "write one such word")                                                            \
	MON_FLAW(REQUEST, "it is not a device request, so none can match it",                      \
		 "write TYPE.NUMBER as a denial shows it, such as T.0x5413, or TYPE.* for all of " \
		 "a driver's")                                                                     \
	MON_FLAW(TRACE, "proc.trace is decided on one name, which this does not match",            \
		 "write \"" CD_TRACE_SPACE "\": the space's processes may trace each other")       \
	MON_FLAW(SCHEME,                                                                           \
		 "the scheme is none of tcp://, udp:// and unix:", "use one of these, or none")    \
	MON_FLAW(UNIX, "a unix address is unix:/path or unix:@name", "begin the name with / or @") \
	MON_FLAW(BRACKETS, "the IPv6 address is not in brackets",                                  \
		 "write [2001:db8::1]:443 or [2001:db8::/32]:443")                                 \
	MON_FLAW(IPV4, "this is not an IPv4 address",                                              \
		 "write four numbers from 0 to 255, as in 192.0.2.1")                              \
	MON_FLAW(IPV6, "this is not an IPv6 address", "write it as in [2001:db8::1]")              \
	MON_FLAW(PREFIX, "the prefix length is out of range",                                      \
		 "use /0 to /32 for IPv4, /0 to /128 for IPv6")                                    \
	MON_FLAW(HOST_BITS, "the address has bits set below its prefix",                           \
		 "set them to zero: 10.0.0.0/8")                                                   \
	MON_FLAW(HOST, "this is not a host name",                                                  \
		 "use letters, digits, - and _ in labels of at most 63 (xn--... for others); *. "  \
		 "only in front")                                                                  \
	MON_FLAW(ANY_HOST, "\"*\" is not a host",                                                  \
		 "leave the host out: \":443\" is port 443 of any host")                           \
	MON_FLAW(PORT, "the port is not a number from 0 to 65535, a range LOW-HIGH, or *",         \
		 "write host:443, host:8000-8999 or host:*")

enum mon_flaw {
	MON_FLAW_NONE,
#define MON_FLAW(id, why, remedy) MON_FLAW_##id,
	MON_FLAWS
#undef MON_FLAW
	    MON_FLAW_COUNT
};

/* The sentence for a flaw; NULL for MON_FLAW_NONE. */
const char *mon_flaw_text(enum mon_flaw flaw);

enum mon_flaw mon_path_flaw(const char *pattern, size_t len);
enum mon_flaw mon_name_flaw(const char *pattern, size_t len);
/* "*", or TYPE.NUMBER as cd_request_name() writes it; in place of either, "*". False: it is
 * neither. */
bool mon_request_parse(const char *pattern, size_t len, struct cd_request *out);
/* The same for a name that this operation is to match: one that never can is a mistake. */
enum mon_flaw mon_name_flaw_for(enum cd_op op, const char *pattern, size_t len);

/* Takes a last component "**" off a valid path pattern and says whether there was one; alone, it
 * leaves "/". */
bool mon_path_cut_subtree(const char *pattern, size_t *len);

/*
 * The next component at *cursor, which starts at a path's beginning and ends at `end`; false after
 * the last. "/" has none.
 */
bool mon_path_next(const char **cursor, const char *end, const char **name, size_t *len);

/* Does "*" in glob stand for what makes it equal to name? Linear: there is no other wildcard. */
bool mon_glob_match(const char *glob, size_t glob_len, const char *name, size_t len);
bool mon_is_glob(const char *text, size_t len);

#endif
