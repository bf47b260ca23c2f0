/*
 * Long work, said on a terminal and nowhere else, and only when it takes long: one line, gone when
 * the work is done. One at a time.
 */
#ifndef CORDON_CLI_PROGRESS_H
#define CORDON_CLI_PROGRESS_H

/* text: a literal, as "reading the log". unit: what progress_count() counts; NULL: nothing. */
void progress_begin(const char *text, const char *unit);
void progress_count(unsigned long done);
void progress_end(void);

#endif
