/* Records as lines for a person, after strace's manner, and as a table of totals. */
#ifndef CORDON_CLI_TRACE_LINES_H
#define CORDON_CLI_TRACE_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/read.h"

/* What of a log is shown. Lists are separated by commas; NULL: everything. */
struct trace_filter {
	const char *protocols; /* "fs,net", and "call" for internal calls */
	const char *spaces;    /* "1.2": it and those within */
	const char *verdicts;  /* "allow,deny,ask,absent,inside" */
	const char *calls;     /* system calls by name */
};
/* What is wrong with the filter, with its name; NULL: nothing. */
const char *trace_filter_fault(const struct trace_filter *filter);
bool trace_filter_takes(const struct trace_filter *filter, const struct audit_event *event);

struct trace_style {
	bool colour, times, durations, pids; /* pids: even while there is but one */
};
struct trace_lines;
struct trace_lines *trace_lines_new(FILE *out, const struct trace_style *style);
void trace_lines_print(struct trace_lines *lines, const struct audit_event *event);
void trace_lines_free(struct trace_lines *lines);

struct trace_totals;
struct trace_totals *trace_totals_new(void);
void trace_totals_add(struct trace_totals *totals, const struct audit_event *event);
void trace_totals_print(const struct trace_totals *totals, FILE *out);
void trace_totals_free(struct trace_totals *totals);

#endif
