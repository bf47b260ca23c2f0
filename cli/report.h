/*
 * What the monitor tells the keeper, and what the keeper tells the user: denials and totals.
 *
 * The monitor's word is not believed beyond its form: it decodes hostile input, so the keeper
 * checks every length and shows every byte as one that may be meant to deceive.
 */
#ifndef CORDON_CLI_REPORT_H
#define CORDON_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/log.h"
#include "cli/limits.h"
#include "cordon/limits.h"
#include "kernel/border.h"
#include "policy/policy.h"
#include "refmon/names.h"

/* What the monitor hands to the keeper at the start. */
enum report_held {
	REPORT_HELD_INIT,	  /* a pidfd of init */
	REPORT_HELD_PROC,	  /* a /proc of the space */
	REPORT_HELD_RESOLVER_UDP, /* the sockets of struct host_monitor's resolver */
	REPORT_HELD_RESOLVER_TCP,
	REPORT_HELD_TERMINAL, /* the master of its terminal, if it has one of its own */
	REPORT_HELD_SLAVE,    /* the other side, where the keeper cannot open it */
	REPORT_HELD_COUNT
};

enum report_kind {
	REPORT_STARTED = 1, /* with it, as ancillary data, the descriptors that `held` tells */
	REPORT_DENIAL,
	REPORT_END,
	REPORT_QUESTION,
	REPORT_WITHDRAWN, /* nobody waits for the answer any more */
};

#define REPORT_ABOUT (CD_SPACE_ID_MAX + 64)
/* One datagram. Only the bytes up to text + text_len are sent. */
struct report {
	uint32_t kind;
	uint32_t held; /* of REPORT_STARTED: a bit for each enum report_held that is there */
	/* elsewhere: it was not the monitor who decided. */
	/* A denial. Sent when it first happens (count 1) and at the end, with the final count. */
	uint32_t op, verdict, rule, count;
	uint8_t absent, inside, final, object_kind, proto, family, elsewhere;
	/* nester: the nester of the space decided, and no rule. outward: not this space decided,
	 * but one around it, which about names: its id and its policy's name. Else about, if it is
	 * not empty, is the id of the space within this one that was denied something. */
	uint8_t nester, outward, revoked; /* revoked: by `cordon revoke` */
	char about[REPORT_ABOUT];
	uint16_t port;
	uint8_t address[16];
	uint64_t network; /* of REPORT_STARTED: the space's, as host_socket_network() tells it */
	/* The end. */
	uint64_t messages, denied, lost, forgotten;
	struct audit_log_counts logged;
	uint32_t text_len;
	char text[CD_PATH_MAX];
};

/* A question, as one datagram: what is asked about, and who asks. Sent up to the end of about.text.
 */
struct report_question {
	uint32_t kind, part;
	uint64_t message;
	int32_t pid; /* as the space numbers it; 0: it cannot be told */
	uint32_t program_len;
	char program[CD_PATH_MAX];
	struct report about;
};

/* ---- the monitor's side ---- */
struct report_sink;
struct records;
/* control: the socket to the keeper. records: the log, or NULL. names: of addresses. */
struct report_sink *report_sink_new(int control, struct records *records,
				    const struct mon_names *names);
/* Where denials of the space that is `outward` around this one are reported as well; the nearest
 * is 1. fd is borrowed. */
void report_sink_outward(struct report_sink *sink, unsigned outward, int fd);
/* A kern_observer's functions; context is the sink. The last two are for when there is a log. */
void report_record(void *context, const struct kern_record *record);
void report_answered(void *context, const struct kern_message *message, const int64_t *result);
void report_called(void *context, const struct kern_message *message, const uint64_t arguments[6]);
/* What a record says of its decision. names may be NULL. */
void report_fill(struct report *report, const struct kern_record *record,
		 const struct mon_names *names);
size_t report_size(const struct report *report);
/* In another process of ours that decides: a denial, to the keeper. */
void report_refused(int control, const struct cd_object *object,
		    const struct cd_decision *decision);
/* Sends the final counts and the totals. */
void report_finish(struct report_sink *sink, const struct kern_counters *counters);

/* ---- the keeper's side ---- */
struct report_view {
	const struct pol_policy *policy;
	struct cli_limits *limits;
	bool verbose, quiet, json;
	bool asks;	 /* the user is asked */
	const bool *raw; /* what is said now goes to a terminal that takes each byte as it is */
	bool complete;	 /* the totals have come */
	uint64_t messages, denied, lost, forgotten;
	struct audit_log_counts logged;
	size_t count; /* of kept */
	struct report *kept[CD_DENIALS_MAX];
};
/* Is it one, whole and within its bounds? */
bool report_is_well_formed(const struct report *report, size_t size);
/* What it is about; borrows from it. */
struct cd_object report_object(const struct report *report);
/* What is said of a denial, for other ways to say it: each as plain text. */
enum report_field {
	REPORT_FIELD_OP,
	REPORT_FIELD_OBJECT,
	REPORT_FIELD_COUNT,
	REPORT_FIELD_WHY,
	REPORT_FIELD_FLAG, /* empty: no grant would allow it */
	REPORT_FIELD_LINE,
};
void report_field(const struct report_view *view, const struct report *report,
		  enum report_field field, struct cd_buf *out);
/* Takes a datagram of size bytes. Prints it at once when verbose. */
void report_take(struct report_view *view, const struct report *report, size_t size);
/* Prints what was denied and how to allow it. */
void report_print(struct report_view *view, int status);
void report_view_free(struct report_view *view);

#endif
