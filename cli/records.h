/*
 * From what the monitor decides to lines of a log.
 *
 * Who starts the space opens the log and writes its head; the monitor the records; the keeper, at
 * the end, what others of ours refused, and the tail.
 */
#ifndef CORDON_CLI_RECORDS_H
#define CORDON_CLI_RECORDS_H

#include <stdbool.h>

#include "cli/report.h"
#include "cli/run.h"
#include "kernel/border.h"
#include "refmon/names.h"

struct records;

/* Opens the log: at most room bytes more. NULL, and said, when it cannot be written. */
struct records *records_open(const char *path, uint64_t room);
/*
 * The same of a descriptor that somebody else opened: every line is written by a system call, since
 * what is behind it may be anything. The descriptor is taken. NULL: it is no file.
 */
struct records *records_adopt(int fd, uint64_t room);
/* For whoever is to adopt it, and to write the head and the records; the tail is still ours. */
int records_fd(struct records *records);
/* Writes the head. What the run points to is borrowed for as long as there are records. */
bool records_begin(struct records *records, const struct run *run);
void records_free(struct records *records);

/* ---- in the monitor ---- */
void records_serve(struct records *records, const struct mon_names *names);
/* For the observer of a border, whose names these bear. */
void records_decided(struct records *records, const struct kern_record *record);
void records_answered(struct records *records, const struct kern_message *message,
		      const int64_t *result);
void records_called(struct records *records, const struct kern_message *message,
		    const uint64_t arguments[6]);
/* Nothing comes after it. */
struct audit_log_counts records_finish_serving(struct records *records);

/* ---- in the keeper ---- */
/* Nothing that is forked from now on has a part in it. */
void records_keep(struct records *records);
/* The run is over. */
void records_finish(struct records *records, const struct report_view *view, int status);

#endif
