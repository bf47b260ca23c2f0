/* A question, in the worker that waits for its answer. */
#include "cli/asking.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "cli/report.h"
#include "host/host.h"
#include "host/resolve.h"
#include "kernel/process.h"

#define LOOK_MS 500 /* between two looks whether anybody still waits */
#define UNSEEN	10  /* so many looks without the keeper having taken it: it will not */

static bool send_question(const struct asking *asking, const struct kern_record *record)
{
	static struct report_question question;
	struct iovec vector = {&question, 0};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
	struct kern_ids ids;
	ssize_t len;

	memset(&question, 0, offsetof(struct report_question, program));
	question.kind = REPORT_QUESTION;
	question.part = asking->part;
	question.message = record->message->id;
	question.pid = kern_process_ids(record->message, &ids) ? ids.tgid : 0;
	len = kern_process_program(record->message, question.program, sizeof(question.program));
	question.program_len = len > 0 ? (uint32_t)len : 0;
	report_fill(&question.about, record, asking->network->names);
	vector.iov_len = offsetof(struct report_question, about) + report_size(&question.about);
	return sendmsg(asking->control, &header, MSG_NOSIGNAL) >= 0;
}

/* The program was told that it is to do something else: whoever is asked need not answer. */
static void withdraw(const struct asking *asking, const struct kern_record *record)
{
	struct report_question question = {
	    .kind = REPORT_WITHDRAWN, .part = asking->part, .message = record->message->id};

	send(asking->control, &question, offsetof(struct report_question, program),
	     MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum kern_answer asking_ask(void *context, const struct kern_record *record)
{
	struct asking *asking = context;
	struct mon_question question = {.message = record->message->id, .part = ++asking->part};
	unsigned looks = 0;

	/* A worker is another process: it has descriptors of its own. */
	if (host_resolve_setup(host_private_proc()) != CD_OK || !asking->network->answers ||
	    !send_question(asking, record))
		return KERN_ANSWER_NO;
	for (;;) {
		bool interrupted;

		switch (
		    mon_question_wait(asking->network->answers, question, LOOK_MS, &interrupted)) {
		case MON_WAIT_ALLOW: return KERN_ANSWER_YES;
		case MON_WAIT_DENY: return KERN_ANSWER_NO;
		case MON_WAIT_OPEN: looks = 0; break;
		case MON_WAIT_UNKNOWN:
			if (++looks > UNSEEN)
				return KERN_ANSWER_NO;
			break;
		}
		if (interrupted || !kern_message_alive(record->message)) {
			withdraw(asking, record);
			return KERN_ANSWER_INTERRUPTED;
		}
	}
}
