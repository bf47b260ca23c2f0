/*
 * procman: a process manager for one space: lists, limits, ends and restarts what runs in it.
 */
#include <cordon/nester.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "options.h"

static const char usage[] =
    "usage: cordon procman [OPTION...] [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Keeps an eye on the processes of a space, and of those within it.\n"
    "\n"
    "  --restart N     start the program again, at most N times, when it fails\n"
    "  --processes N   end the newest when there are more than N\n"
    "  --memory MIB    end a process that has more resident\n"
    "  --seconds N     end a process that has used more processor time\n"
    "\n"
    "SIGUSR1 lists the processes, and what they hold of outside; SIGTERM ends them all.\n"
    "\n"
    "example:\n"
    "  cordon procman --restart 3 --processes 32 -- ./service\n";

#define LOOK_MS	 200
#define LIST_MAX 4096

struct limits {
	unsigned long restart, processes, memory, seconds;
	bool wrong;
};

static bool own_option(void *context, const char *name, const char *value, bool *took_value)
{
	struct limits *limits = context;
	const struct {
		const char *name;
		unsigned long *to;
	} table[] = {{"--restart", &limits->restart},
		     {"--processes", &limits->processes},
		     {"--memory", &limits->memory},
		     {"--seconds", &limits->seconds}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].name);
		char *end = NULL;

		if (strncmp(name, table[i].name, n) != 0 || (name[n] && name[n] != '='))
			continue;
		*took_value = !name[n];
		if (name[n])
			value = name + n + 1;
		*table[i].to = value ? strtoul(value, &end, 10) : 0;
		if (!end || *end || !*table[i].to) {
			fprintf(stderr, "procman: %s takes a number\n", table[i].name);
			exit(125);
		}
		return true;
	}
	return false;
}

static void list(const struct cd_process *all, int count)
{
	fprintf(stderr, "  PID  PPID S    MEMORY      CPU COMMAND\n");
	for (int i = 0; i < count; i++)
		fprintf(stderr, "%5d %5d %c %6llu KiB %5llu ms %s\n", all[i].pid, all[i].parent,
			all[i].state, (unsigned long long)all[i].memory / 1024,
			(unsigned long long)all[i].cpu_ms, all[i].command);
}

/* What is the space's own is not shown. Names may hold anything. */
static void show_held(const struct cd_event *event)
{
	const char *comma = "";

	if (!event->ops)
		return;
	fprintf(stderr, "  [%s %d] %llu: ", event->space, event->pid,
		(unsigned long long)event->mode);
	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		if (event->ops & CD_OPBIT(op)) {
			fprintf(stderr, "%s%s", comma, cd_op_name((enum cd_op)op));
			comma = ",";
		}
	fprintf(stderr, " %s ", event->call);
	nester_show_text(stderr, event->text, event->text_len);
	fputc('\n', stderr);
}

/* The first process is cordon's own, and the next one the program. */
static void end_process(const struct cd_process *process, const char *why)
{
	fprintf(stderr, "procman: ends %d (%s): %s\n", process->pid, process->command, why);
	kill(process->pid, SIGKILL);
}

static void enforce(const struct limits *limits, const struct cd_process *all, int count)
{
	int newest = -1;

	for (int i = 0; i < count; i++) {
		if (strcmp(all[i].command, "cordon-init") == 0 || all[i].state == 'Z')
			continue;
		if (newest < 0 || all[i].pid > all[newest].pid)
			newest = i;
		if (limits->memory && all[i].memory > limits->memory << 20)
			end_process(&all[i], "too much memory");
		else if (limits->seconds && all[i].cpu_ms > limits->seconds * 1000)
			end_process(&all[i], "too much processor time");
	}
	if (limits->processes && newest >= 0 && (unsigned long)count > limits->processes + 1)
		end_process(&all[newest], "too many processes");
}

/* One life of the program: its exit status. */
static int watch(struct cd_nester *nester, const struct limits *limits, int signals, bool *told)
{
	static struct cd_process all[LIST_MAX];
	struct cd_event event;

	for (;;) {
		struct pollfd pollers[] = {{.fd = signals, .events = POLLIN},
					   {.fd = cd_nester_fd(nester), .events = POLLIN}};
		struct signalfd_siginfo info;
		int kind, count;

		poll(pollers, 2, LOOK_MS);
		while ((kind = cd_nester_next(nester, &event, 0)) > CD_EVENT_NONE &&
		       kind != CD_EVENT_ENDED) {
			if (kind == CD_EVENT_OPERATION)
				cd_nester_pass(nester, &event);
			else if (kind == CD_EVENT_HELD)
				show_held(&event);
			else if (kind == CD_EVENT_LISTED)
				fputs("  that is all\n", stderr);
		}
		if (kind == CD_EVENT_ENDED || kind < 0)
			return cd_nester_end(nester);
		count = cd_nester_processes(nester, all, LIST_MAX);
		count = count > LIST_MAX ? LIST_MAX : count;
		enforce(limits, all, count);
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo == SIGUSR1) {
			list(all, count);
			cd_nester_list(nester);
			continue;
		}
		*told = true;
		cd_nester_kill(nester);
	}
}

int main(int argc, char **argv)
{
	/* It has to be asked about something; of this there is little. */
	const uint64_t ops = CD_OPBIT(CD_OP_SPACE_CREATE) | CD_NESTER_LIST;
	struct limits limits = {0};
	struct nester_options options;
	bool told = false;
	sigset_t set;
	int signals, status;

	if (!nester_options_read(&options, argc, argv, usage, own_option, &limits))
		return 125;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (unsigned long life = 0;; life++) {
		struct cd_nester *nester;

		if (cd_nester_start(&nester, ops, options.cordon, options.program))
			return 125;
		status = watch(nester, &limits, signals, &told);
		if (status == 0 || told || life == limits.restart)
			return status;
		fprintf(stderr, "procman: it ended with %d, and is started again (%lu of %lu)\n",
			status, life + 1, limits.restart);
	}
}
