/*
 * A log file: lines are sealed and appended; how much, is bounded.
 *
 * Three processes have it, one after another: who starts the space opens it and writes the head,
 * the monitor the records, the keeper the tail. What they hand on (where the last line ends, its
 * hash) lies in memory that they share, so that the keeper knows it however the monitor ended.
 *
 * Invariants:
 * - a line is in the file, or counted, when audit_log_add() returns; nothing there waits for
 * anyone;
 * - the file never grows by more than its room;
 * - after each line the shared state says where it ended: a line cut off by the writer's end is
 *   written over.
 */
#ifndef CORDON_AUDIT_LOG_H
#define CORDON_AUDIT_LOG_H

#include "audit/line.h"
#include "cordon/status.h"

struct audit_log;

/* What is left out first when room gets scarce. */
enum audit_keep { AUDIT_SPARE, AUDIT_KEEP };

/*
 * Opens a file to append to: at most room bytes. *why, static storage, says what is wrong with it
 * (errno is set for CD_ESYS, where it is NULL).
 */
enum cd_status audit_log_open(const char *path, uint64_t room, struct audit_log **out,
			      const char **why) CD_CHECKED;
/* Of a descriptor that was opened elsewhere, which is taken: a file that may be read and written.
 */
enum cd_status audit_log_adopt(int fd, uint64_t room, struct audit_log **out) CD_CHECKED;
/* The descriptor, for another process to adopt: from here on only audit_log_finish() may follow,
 * which looks where that process left off. */
int audit_log_hand_over(struct audit_log *log);
void audit_log_free(struct audit_log *log);

/* What the next line follows; *first: there is nothing before it. */
struct audit_hash audit_log_last(const struct audit_log *log, bool *first);

/*
 * In the monitor, before its first line: from now on lines are put where they belong through a
 * mapping of the file, which costs no system call for each.
 */
void audit_log_map(struct audit_log *log);
/* In the keeper, after the launch: what it forks has no part in this. */
void audit_log_keep(struct audit_log *log);

/*
 * Writes the line without its seal: what it tells of is about to be done. More can be put into it
 * until audit_log_close_line(), which comes before any other line (AUDIT_OPEN_ROOM bytes at most).
 * False as below. If the writer ends before, the keeper seals what there is.
 */
#define AUDIT_OPEN_ROOM 64
bool audit_log_open_line(struct audit_log *log, struct audit_line *line, enum audit_keep keep);
bool audit_log_close_line(struct audit_log *log, struct audit_line *line);

/* Seals the line and writes it. False: it was left out, or lost, and counted. */
bool audit_log_add(struct audit_log *log, struct audit_line *line, enum audit_keep keep);
/* In a fork of the writer: what is added in between stands together. */
void audit_log_begin_turn(struct audit_log *log);
void audit_log_end_turn(struct audit_log *log);
/* A record that this process cannot write. */
void audit_log_lose(struct audit_log *log);

struct audit_log_counts {
	uint64_t records;	 /* as said with audit_log_count() */
	uint64_t left_out, lost; /* lines that found no room; that could not be written */
};
/* A record is among the lines added. */
void audit_log_count(struct audit_log *log);
struct audit_log_counts audit_log_counts(const struct audit_log *log);

/* In the keeper, when nobody else writes any more: lines may follow, and then the tail. */
void audit_log_resume(struct audit_log *log);
/* Adds the tail and cuts the file off after it. */
bool audit_log_finish(struct audit_log *log, struct audit_line *tail);

#endif
