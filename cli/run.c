/*
 * cordon run: a program in a space of its own.
 *
 * Reads the command line into a policy, the policy into a plan, starts the space, and keeps it. The
 * monitor's part is run_serve(), which runs in another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/asking.h"
#include "cli/cli.h"
#include "cli/control_dir.h"
#include "cli/fds.h"
#include "cli/keeper.h"
#include "cli/last.h"
#include "cli/limits.h"
#include "cli/living.h"
#include "cli/native.h"
#include "cli/nested.h"
#include "cli/questions.h"
#include "cli/records.h"
#include "cli/report.h"
#include "cli/revoked.h"
#include "cli/run.h"
#include "cli/view.h"
#include "cordon/shim.h"
#include "host/confine.h"
#include "host/hops.h"
#include "host/host.h"
#include "host/launch.h"
#include "host/peers.h"
#include "kernel/border.h"
#include "kernel/port.h"
#include "lib/children.h"
#include "lib/pass.h"
#include "lib/without.h"
#include "loader/cache.h"
#include "refmon/nest.h"
#include "refmon/plan.h"
#include "refmon/settle.h"
#ifdef CORDON_HOOK
#include "tests/hook/hook.h"
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* ---- the monitor's part ---- */

static bool movable(void *context, const char *path, size_t len)
{
	const struct mon_table *table = ((const struct network *)context)->table;

	return !mon_rules_below(table, path, len) && !mon_socket_rules_below(table, path, len);
}

/* With it go what the keeper needs to have. */
static void send_started(const struct run *run, const struct host_monitor *monitor)
{
	const int all[REPORT_HELD_COUNT] = {
	    [REPORT_HELD_INIT] = monitor->init_pidfd,
	    /* It shows the monitors of all spaces. */
	    [REPORT_HELD_PROC] = run->outer ? -1 : monitor->proc,
	    [REPORT_HELD_RESOLVER_UDP] = monitor->resolver[0],
	    [REPORT_HELD_RESOLVER_TCP] = monitor->resolver[1],
	    [REPORT_HELD_TERMINAL] = monitor->terminal,
	    [REPORT_HELD_SLAVE] = monitor->slave,
	};
	struct report started = {.kind = REPORT_STARTED, .network = monitor->network};
	const struct iovec part = {&started, offsetof(struct report, text)};
	int fds[REPORT_HELD_COUNT];
	size_t count = 0;

	for (int i = 0; i < REPORT_HELD_COUNT; i++) {
		if (all[i] < 0)
			continue;
		started.held |= 1u << i;
		fds[count++] = all[i];
	}
	/* The keeper can neither signal nor hold what it has not been told of (invariant 11). */
	if (cd_pass_send(monitor->control, &part, 1, fds, count, 0) < 0)
		_exit(CLI_FAILED);
	for (int i = 0; i < 2; i++)
		if (monitor->resolver[i] >= 0)
			close(monitor->resolver[i]);
	if (monitor->terminal >= 0)
		close(monitor->terminal);
	if (monitor->slave >= 0)
		close(monitor->slave);
}

/* Every program has ended; init is about to pass the status on. Our own end would be its end. */
static void await_init(const struct host_monitor *monitor)
{
	struct pollfd poller = {.fd = monitor->init_pidfd, .events = POLLIN};

	while (poll(&poller, 1, -1) < 0 && errno == EINTR)
		;
}

#ifdef CORDON_HOOK
/* The program's arguments name the targets; the log takes the results. */
static void play_attacker(const struct run *run, const struct host_monitor *monitor)
{
	struct hook_targets targets = {run->argv[1], run->argv[2], atoi(run->argv[3]),
				       atoi(run->argv[4]), monitor->broker};

	hook_attack(run->hook_log, &targets);
}
#endif

static const struct cd_object *outward(void *context, uint64_t *ops, const struct cd_object *object,
				       char *text, struct cd_object *out)
{
	return mon_nest_outward(context, ops, object, text, out);
}

/* The nester's port, as this monitor has it; NULL: there is none. */
static struct kern_port *make_port(const struct run *run, const struct kern_wire *wire)
{
	struct kern_port *port = run->port_ops ? calloc(1, sizeof(*port)) : NULL;

	if (port)
		*port = (struct kern_port){.wire = *wire, .ops = run->port_ops};
	return port;
}

/*
 * The space, in all the spaces around it: what they decide by. Each has a process of its own that
 * serves it; here they only decide. ports: of the spaces around, the nearest first.
 */
static struct kern_space *make_chain(const struct run *run, int proc, const struct kern_wire *port,
				     const struct kern_wire *ports)
{
	static const enum kern_on_deny on_deny[] = {[POL_DENY_ERRNO] = KERN_DENY_ERRNO,
						    [POL_DENY_HIDE] = KERN_DENY_HIDE,
						    [POL_DENY_KILL] = KERN_DENY_KILL};
	struct kern_space *around = NULL, *space;
	struct kern_layer *layer;

	if (run->outer) {
		around = make_chain(run->outer, -1, ports, ports + 1);
		if (!around)
			return NULL;
	}
	space = proc < 0 ? kern_space_stand_in(around, run->id) : kern_space_new(around, proc);
	if (!space)
		return NULL;
	space->port = make_port(run, port);
	layer = calloc(1, sizeof(*layer)); /* as long as the process */
	if (!layer || (run->port_ops && !space->port)) {
		free(layer);
		return NULL;
	}
	*layer = (struct kern_layer){.name = run->policy->name,
				     .context = (void *)(uintptr_t)&run->network,
				     .on_deny = on_deny[run->policy->on_deny],
				     .decide = network_decide,
				     .movable = movable};
	snprintf(space->id, sizeof(space->id), "%s", run->id);
	if (!run->plan->index)
		mon_plan_index(run->plan);
	space->outward = outward;
	space->outward_context = run->plan;
	if (kern_space_add_layer(space, layer) != CD_OK)
		return NULL;
	layer = revoked_layer(&run->network);
	return layer && kern_space_add_layer(space, layer) == CD_OK ? space : NULL;
}

/* Before anything of the space runs: the warden believes nobody who has served. */
static void tell_warden(const struct run *run, const struct host_monitor *monitor)
{
	uint64_t network = monitor->network;
	const struct iovec part = {&network, sizeof(network)};

	if (run->outer && cd_pass_send(monitor->warden, &part, 1, &monitor->init_pidfd, 1, 0) < 0)
		_exit(CLI_FAILED);
}

/* Runs in the confined monitor process. Whatever fails here ends the space. */
void run_serve(void *context, const struct host_monitor *monitor)
{
	struct run *run = context;
	const bool all = run->records && run->policy->audit != POL_AUDIT_DENIED;
	struct kern_observer observer = {.all = all,
					 .record = report_record,
					 .answered = run->records ? report_answered : NULL,
					 .called = all ? report_called : NULL};
	static struct asking asking;
	const struct kern_asker asker = {&asking, asking_ask};
	struct kern_space *space = make_chain(run, monitor->proc, &run->port, run->outer_ports);
	const struct host_channels channels = {monitor->broker, monitor->insider, monitor->warden};
	struct report_sink *sink;
	struct kern_border *border;
	unsigned outward_steps = 0;

	living_let_go();
	network_only_read(&run->network);
	if (run->records)
		records_serve(run->records, run->network.names);
	sink = report_sink_new(monitor->control, run->records, run->network.names);
	observer.context = sink;
	for (const struct run *r = run->outer; sink && r; r = r->outer)
		report_sink_outward(sink, ++outward_steps, r->report);
	if (!space || !sink || host_setup(monitor->proc, &channels, monitor->network) != CD_OK)
		_exit(CLI_FAILED);
	space->umask = monitor->umask;
	space->records_calls = run->records && run->policy->audit == POL_AUDIT_SYSCALLS;
	space->bare = run->bare;
	space->looks = run->plan->looks && !run->bare;
	host_peers_setup(monitor->ending);
	host_hops_except(monitor->init);
	space->no_sync_wakeup = run->no_sync_wakeup;
	space->no_thread_pidfds = run->no_thread_pidfds;
	if (run->native) {
		static char settled[CD_SHIM_SETTLED];

		space->settled = settled;
		space->settled_len = mon_settled_subtrees(run->plan, settled, sizeof(settled));
	}
	border = kern_border_new(space, &host_linux, &observer);
	asking = (struct asking){.control = monitor->control, .network = &run->network};
	if (border && run->asks)
		kern_border_set_asker(border, &asker);
	if (!border ||
	    kern_space_start_take(space, monitor->init_pidfd, host_await_program(monitor)) != CD_OK)
		_exit(CLI_FAILED);
	tell_warden(run, monitor);
	send_started(run, monitor);
#ifdef CORDON_HOOK
	play_attacker(run, monitor);
#endif
	if (kern_border_serve(border) != CD_OK)
		_exit(CLI_FAILED);
	report_finish(sink, kern_border_counters(border));
	await_init(monitor);
}

/* ---- the command line ---- */

static const char usage[] =
    "usage: cordon run [OPTIONS] [--] PROGRAM [ARGUMENT...]\n"
    "\n"
    "Without a policy, `base` holds: the system's programs and libraries, a private /tmp,\n"
    "nothing of the user's, no network. Options add to it, or to the policy given.\n"
    "A path given here means that path and all below it.\n";

static const char notes[] =
    "exit status: the program's own; 128+n when signal n ended it; 125 cordon failed;\n"
    "126 the program cannot be run; 127 it was not found.\n"
    "\n"
    "examples:\n"
    "  cordon run ./downloaded-tool --version\n"
    "  cordon run --allow-read=$HOME/pictures --allow-write=out -- ./resize\n"
    "  cordon run -p tool.json -v -- ./tool\n"
    "  cordon run --print-policy --allow-read=/srv -- ls /srv\n";

/* Those without a place are acted on when they are read. */
static const struct cli_option options[] = {
    {'p', "policy", "FILE", "use the policy in FILE; several add up",
     "The language is described in\n.Xr cordon-policy 5 ;\n.Xr cordon-policy 1\nchecks such files.",
     CLI_RULES, 0},
    {0, "chdir", "DIR", "start there",
     "Without it the program starts in the working directory if that is granted, and in\n.Pa /\n"
     "otherwise.",
     CLI_FINDS, offsetof(struct run, directory)},
    {0, "fd", "N[:ro]", "pass descriptor N on, for reading alone with :ro",
     "A regular file, pipe, socket or device, and nothing that leads to other files.\n"
     "All other descriptors but the standard streams are closed.",
     CLI_FINDS, 0},
    {0, "name", "TEXT", "the space's name, which is also its host name", NULL, CLI_FINDS,
     offsetof(struct run, name)},
    {0, "pty", NULL, "a terminal of the space's own for its standard streams",
     "The user's terminal is then its screen and keyboard.\n"
     "This is so without asking where all three streams are the terminal.\n"
     "What comes by a pipe passes a terminal's line discipline; its end is sent as end of file, "
     "once.",
     CLI_FINDS, offsetof(struct run, pty)},
    {0, "no-pty", NULL, "the standard streams as they are", NULL, CLI_FINDS,
     offsetof(struct run, no_pty)},
    {'v', "verbose", NULL, "say each denial as it happens", "Otherwise they are said at the end.",
     CLI_REPORTS, offsetof(struct run, verbose)},
    {'q', "quiet", NULL, "say nothing about denials", NULL, CLI_REPORTS,
     offsetof(struct run, quiet)},
    {0, "json", NULL, "the summary on standard error as one JSON object", NULL, CLI_REPORTS,
     offsetof(struct run, json)},
    {0, "log", "FILE", "append records to FILE, as JSON lines",
     "Of each denial; with\n.Fl Fl audit Ns = Ns Cm all ,\nof each operation.", CLI_REPORTS,
     offsetof(struct run, log)},
    {0, "ask-command", "COMMAND", "ask COMMAND where a rule says so, and not the terminal",
     "It is run by\n.Pa /bin/sh ,\noutside of the space, once for each question, which it reads "
     "from its standard\n"
     "input, as one JSON object in a line.\nIt writes\n.Cm once , run\n(for this run),\n.Cm "
     "always\n"
     "(into the policy file),\n.Cm deny , never\n(in this run) or\n.Cm nothing\n(more in this "
     "run).\n"
     "Anything else, and no answer within a minute, is a denial.",
     CLI_RULES, offsetof(struct run, ask_command)},
    {0, "port", "N[,OUT,IN]", "descriptor N is a nester's port",
     "Who holds its other end is asked about what\n.Fl Fl interpose\nnames.\n.Ar OUT\nand\n.Ar IN\n"
     "are pipes beside it: see\n.Xr cordon-nester 3 .",
     CLI_REPORTS, offsetof(struct run, port_number)},
    {0, "interpose", "OPS", "the operations that the nester is asked about",
     "Separated by commas:\n.Cm fs.read ,\n.Cm net.*\nor\n.Cm * ;\nand\n.Cm cap.list ,\nto ask "
     "what processes hold;\n.Cm cap.use ,\nto be shown what they do with it.",
     CLI_REPORTS, offsetof(struct run, interpose)},
    {0, "print-policy", NULL, "print the resulting policy as JSON and run nothing", NULL,
     CLI_REPORTS, offsetof(struct run, print_policy)},
    {0, "origins", NULL, "with it, where each rule came from", NULL, CLI_REPORTS,
     offsetof(struct run, origins)},
    {.name = NULL},
};

/* One option. 0 or an exit status. */
static int take_option(struct run *run, const struct cli_args *args)
{
	struct pol_error error;
	enum cd_status status;

	if (strcmp(args->option->name, "fd") == 0)
		return cli_fds_grant(&run->fds, args->value) ? 0 : CLI_FAILED;
	if (strcmp(args->option->name, "policy") == 0) {
		run->has_policy = true;
		run->policy_path = args->value;
		status = pol_draft_file(run->draft, args->value, &error);
	} else if (cli_option_is_policy(args->option)) {
		status = pol_draft_flag(run->draft, args->option->name, args->value, &error);
	} else {
		cli_args_store(args, run);
		return 0;
	}
	return status == CD_OK ? 0 : cli_say_policy_error(&error);
}

/* What a nester says of itself; closes all descriptors but its port and those that are passed on.
 */
static bool take_port(struct run *run)
{
	struct host_fds kept = run->fds;
	int *const ends[] = {&run->port.socket, &run->port.out, &run->port.in};
	int numbers[3];
	const char *wrong = "";

	if (!run->port_number && !run->interpose) {
		cli_fds_close_others(&kept);
		return true;
	}
	for (int i = cli_fds_of_port(run->port_number, numbers); i > 0; i--)
		*ends[i - 1] = numbers[i - 1];
	if (!kern_wire_is_sound(&run->port)) {
		cli_say(
		    "--port=N and --interpose=OPS go together, and N is an open socket, or that "
		    "and two pipes");
		return false;
	}
	if (run->interpose)
		run->port_ops = cd_nester_ops_named(run->interpose, &wrong);
	if (run->interpose && !run->port_ops) {
		cli_say("--interpose=%s: %.*s is no operation; write fs.read, net.* or *",
			run->interpose, (int)strcspn(wrong, ","), wrong);
		return false;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (*ends[i] < 0)
			continue;
		fcntl(*ends[i], F_SETFD, FD_CLOEXEC);
		if (!cli_fds_keep(&kept, *ends[i])) {
			cli_say("too many descriptors");
			return false;
		}
	}
	cli_fds_close_others(&kept);
	return true;
}

/* Where options end and the program begins; -1: an option was wrong. */
static int parse_options(struct run *run, int argc, char **argv)
{
	struct cli_args args = {.command = &cli_run, .argc = argc, .argv = argv, .at = 1};

	while (cli_args_next(&args)) {
		if (!args.option)
			return args.at - 1;
		if (take_option(run, &args))
			return -1;
	}
	return args.bad ? -1 : argc;
}

/* The program is named before options are read: policies may speak of ${PROGRAM}. Finds it without
 * parsing values. */
static void find_program(struct run *run, const char *name)
{
	const char *path = getenv("PATH");
	char found[CD_PATH_MAX];

	if (strchr(name, '/')) {
		if (!realpath(name, run->program))
			run->program[0] = '\0';
		return;
	}
	for (const char *at = path ? path : ""; *at; at += strcspn(at, ":"), at += *at == ':') {
		int len = (int)strcspn(at, ":");

		if (len == 0 ||
		    snprintf(found, sizeof(found), "%.*s/%s", len, at, name) >= (int)sizeof(found))
			continue;
		if (access(found, X_OK) == 0 && realpath(found, run->program))
			return;
	}
	run->program[0] = '\0';
}

/* The first argument that is the program's: what parse_options will say, found without acting on
 * options. */
static int program_index(int argc, char **argv)
{
	struct cli_args args = {
	    .command = &cli_run, .argc = argc, .argv = argv, .at = 1, .quiet = true};

	while (cli_args_next(&args))
		if (!args.option)
			return args.at - 1;
	return argc;
}

/* ---- from the policy to the launch ---- */

/* Naming a program on the command line is the grant to run it, wherever it lies. */
static int grant_program(struct run *run)
{
	struct pol_error error;

	if (!run->program[0])
		return 0;
	return pol_draft_flag(run->draft, "allow-run", run->program, &error) == CD_OK
		   ? 0
		   : cli_say_policy_error(&error);
}

/* The environment of the program: what the policy passes and sets, and nothing else. */
static int make_environment(struct run *run)
{
	extern char **environ;
	size_t count = 0, capacity = run->policy->env_set_count + 2;

	for (char **entry = environ; *entry; entry++)
		capacity++;
	run->envp = calloc(capacity, sizeof(char *));
	if (!run->envp)
		return CLI_FAILED;
	for (char **entry = environ; *entry; entry++) {
		bool pass = pol_env_passes(run->policy, *entry, strcspn(*entry, "=")),
		     overridden = false;

		for (size_t i = 0; i < run->policy->env_set_count; i++) {
			const char *set = run->policy->env_set[i];

			overridden |= strncmp(set, *entry, strcspn(set, "=") + 1) == 0;
		}
		if (pass && !overridden)
			run->envp[count++] = strdup(*entry);
	}
	for (size_t i = 0; i < run->policy->env_set_count; i++)
		run->envp[count++] = strdup(run->policy->env_set[i]);
	for (size_t i = 0; i < count; i++)
		if (run->envp[i] && strncmp(run->envp[i], "PATH=", 5) == 0)
			run->search = run->envp[i] + 5;
	return 0;
}

const char *run_hostname(const struct run *run)
{
	return run->name ? run->name : "cordon";
}

/*
 * The copies of ld.so and libc that spaces run lie in the user's cache: whoever could write there
 * would run in every space. No rule reaches it, what leads there stays where it is, and in the view
 * it is covered.
 */
static int protect_cache(struct run *run)
{
	struct loader_cache cache;
	struct pol_error error;

	if (loader_cache_open(&cache) != CD_OK)
		return 0; /* no run uses it then, either */
	loader_cache_close(&cache);
	return pol_draft_protect(run->draft, cache.path, &error) == CD_OK
		   ? 0
		   : cli_say_policy_error(&error);
}

/* What can be asked of us on the control socket is not for the space to ask. A directory that is
 * made later would be seen in what is granted: then it is made now. */
static bool hide_control(struct run *run)
{
	char directory[CD_PATH_MAX];

	if (!control_dir(CONTROL_DIR_NAME, directory) || !cli_shows(run->plan, directory) ||
	    !control_dir(CONTROL_DIR_MAKE, directory) || cli_hide(run->plan, directory))
		return true;
	cli_say("out of memory");
	return false;
}

/* What a run was denied is said again later, with what would allow it: no space may write that. */
static int protect_last(struct run *run)
{
	char folder[CD_PATH_MAX];
	struct pol_error error;

	return !last_folder(folder) || pol_draft_protect(run->draft, folder, &error) == CD_OK
		   ? 0
		   : cli_say_policy_error(&error);
}

static bool may_stat(const struct run *run, const char *path)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
	struct cd_decision decision;

	mon_decide(run->policy->table, CD_OPBIT(CD_OP_FS_STAT), &object, &decision);
	return decision.verdict == CD_ALLOW;
}

/* Does a rule grant an address of this sort: a unix path, or any other? */
static bool grants_address(const struct mon_table *table, bool path)
{
	const uint64_t net =
	    CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_LISTEN) | CD_OPBIT(CD_OP_NET_SEND);

	for (uint32_t i = 0; i < mon_table_count(table); i++) {
		struct mon_rule rule;

		mon_table_rule(table, i, &rule);
		if (rule.verdict != CD_DENY && rule.ops & net &&
		    (strncmp(rule.pattern, "unix:/", 6) == 0) == path)
			return true;
	}
	return false;
}

/* What the user should know before the program runs. */
/* Does a rule say `ask`? */
static bool has_questions(const struct run *run)
{
	for (uint32_t i = 0; i < mon_table_count(run->policy->table); i++) {
		struct mon_rule rule;

		mon_table_rule(run->policy->table, i, &rule);
		if (rule.verdict == MON_ASK)
			return true;
	}
	return false;
}

/* With the answers that the user has given for good. */
static bool prepare_network(struct run *run)
{
	bool questions = has_questions(run);

	run->asks = questions && questions_can_ask(run);
	if (!network_prepare(&run->network, run->id, run->policy->table,
			     run->asks || (questions && run->policy->always_count)))
		return false;
	for (size_t i = 0; run->network.answers_written && i < run->policy->always_count; i++) {
		const struct pol_always *always = &run->policy->always[i];
		struct mon_object object;

		if (mon_object_parse(always->op, always->object, &object) == CD_OK)
			mon_answers_add(run->network.answers_written, always->op, &object, true, 0);
	}
	if (questions && !run->asks && run->terminal.keyboard && !run->quiet && !run->json)
		cli_say("nobody is asked on a terminal that the program shares, which could forge "
			"questions and answers: --pty gives it one of its own");
	return true;
}

static void say_first(const struct run *run, const char *directory)
{
	if (run->quiet || run->json)
		return;
	if (!run->directory && strcmp(directory, run->cwd) != 0)
		cli_say("the working directory is not granted: starting in / (--chdir sets it)");
	if (run->bare && grants_address(run->policy->table, false))
		cli_say(
		    "internet addresses are granted, and take user namespaces, which this machine "
		    "does not let this user make");
}

/* Once it is known how large it may be, and what the space sees. Of a space within another one, the
 * head is its monitor's to write, who knows that. */
static bool open_log(struct run *run)
{
	if (!run->log)
		return true;
#ifdef CORDON_HOOK
	/* What the attacker has found out goes there, and nothing else. */
	run->hook_log = open(run->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	return run->hook_log >= 0;
#endif
	run->records = records_open(run->log, run->limits.host.value[HOST_LIMIT_LOG_SIZE]);
	return run->records && (run->nested || records_begin(run->records, run));
}

static int print_policy(const struct run *run)
{
	char *text = pol_policy_json(run->policy, run->origins);

	if (!text)
		return CLI_FAILED;
	fputs(text, stdout);
	free(text);
	return fflush(stdout) ? CLI_FAILED : 0;
}

/* ---- where no namespaces can be made ---- */

/* Its own name is the one by which Linux can enter a private directory, and run what is in there.
 */
static int say_tmpdir(struct run *run)
{
	const char *source = NULL;
	size_t count = 0;
	char **envp;

	for (size_t i = 0; host_hops_entry(i); i++)
		if (strcmp(host_hops_entry(i)->dest, "/tmp") == 0)
			source = host_hops_entry(i)->source;
	for (; run->envp[count]; count++)
		if (strncmp(run->envp[count], "TMPDIR=", 7) == 0)
			return 0;
	if (!source || strcmp(source, "/tmp") == 0)
		return 0;
	envp = realloc(run->envp, (count + 2) * sizeof(*envp));
	if (!envp)
		return CLI_FAILED;
	run->envp = envp;
	envp[count + 1] = NULL;
	return asprintf(&envp[count], "TMPDIR=%s", source) < 0 ? CLI_FAILED : 0;
}

static int make_bare_view(struct run *run)
{
	const char *base = getenv("XDG_RUNTIME_DIR"), *culprit, *why;
	enum cd_status status;

	if (!host_can_confine_bare()) {
		cli_say("this user cannot make namespaces here, and without Landlock (Linux 5.19) "
			"nothing "
			"else would hold a program; `cordon doctor` says what would help");
		return CLI_FAILED;
	}
	/* What a space leaves behind comes to us, to be ended. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return CLI_FAILED;
	if (!base || *base != '/' || access(base, W_OK | X_OK))
		base = "/tmp";
	status = host_hops_make(run->plan, base, &culprit, &why);
	if (status == CD_ENOSUP)
		cli_say("%s: %s takes user namespaces, which this machine does not let this user "
			"make; `cordon doctor` says what would help",
			culprit, why);
	else if (status != CD_OK)
		cli_say("cannot build the view at %s: %s", culprit, strerror(errno));
	return status == CD_OK ? say_tmpdir(run) : CLI_FAILED;
}

/* The machine did not say so before it was asked to: once more, from the beginning. */
static void try_bare(const struct run *run)
{
	const char *given = getenv("CORDON_WITHOUT");
	char without[256];

	if (geteuid() == 0 || snprintf(without, sizeof(without), "userns,%s", given ? given : "") >=
				  (int)sizeof(without))
		return;
	setenv("CORDON_WITHOUT", without, 1);
	execv("/proc/self/exe", run->arguments);
}

static void end_bare(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cd_children_end(proc);
	close(proc);
	host_hops_remove();
}

const char *run_directory(const struct run *run)
{
	return run->directory ? run->directory : may_stat(run, run->cwd) ? run->cwd : "/";
}

void run_leave_to_nester(struct run *run)
{
	static const struct {
		enum cd_op op;
		uint8_t native;
	} table[] = {
	    {CD_OP_FS_STAT, CD_NATIVE_LOOK},	 {CD_OP_FS_READ, CD_NATIVE_READ | CD_NATIVE_LIST},
	    {CD_OP_FS_WRITE, CD_NATIVE_WRITE},	 {CD_OP_FS_CREATE, CD_NATIVE_CREATE},
	    {CD_OP_FS_REMOVE, CD_NATIVE_REMOVE},
	};
	uint8_t left = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (run->port_ops & CD_OPBIT(table[i].op))
			left |= table[i].native;
	if (run->port_ops & CD_OPBIT(CD_OP_DEV_IOCTL))
		run->requests.count = 0;
	if (left & CD_NATIVE_LOOK)
		run->plan->looks = false;
	if (!left || !run->native)
		return;
	for (size_t i = 0; i < run->plan->count; i++)
		run->plan->mounts[i].native &= (uint8_t)~left;
	run->plan->native &= (uint8_t)~left;
	if (left & CD_NATIVE_READ)
		run->plan->reads_all = false;
	mon_settle_lend(run->plan);
	run->native = run->plan->native;
}

/* To its own nester, or one around. */
static bool shows_uses(const struct run *run)
{
	for (; run; run = run->outer)
		if (run->port_ops & CD_NESTER_USE)
			return true;
	return false;
}

void run_describe(struct run *run, struct host_launch *in)
{
	*in = (struct host_launch){
	    .plan = run->plan,
	    .argv = run->argv,
	    .envp = run->envp,
	    .search = run->search ? run->search : "/usr/local/bin:/usr/bin:/bin",
	    .directory = run_directory(run),
	    .directory_must = run->directory_must,
	    .hostname = run_hostname(run),
	    .limits = &run->limits.host,
	    .fds = &run->fds,
	    .requests = &run->requests,
	    .unix_sockets = grants_address(run->policy->table, true),
	    .outer_sockets =
		(run->port_ops & CD_OPBIT(CD_OP_NET_LISTEN)) ||
		grants_address(run->policy->table, false) || cli_fds_have_socket(&run->fds) ||
		/* Or nothing would be settled. */
		(!run->native && mon_grants_outer_socket(run->policy->table, run->plan)),
	    .native = run->native,
	    .records_calls = run->records && run->policy->audit == POL_AUDIT_SYSCALLS,
	    .shows_uses = shows_uses(run),
	    .bare = run->bare,
	    .pty = run->terminal.own ? &run->terminal.like : NULL,
	    .serve = run_serve,
	    .context = run,
	};
}

static enum cd_status start(struct run *run, struct host_space *space, struct host_fault *fault)
{
	struct host_launch in;

	run_describe(run, &in);
	return host_launch(&in, space, fault);
}

static int say_not_nested(const struct run *run, const struct host_fault *fault)
{
	if (fault->error == EACCES)
		cli_say(
		    "the policy around this space does not let %s be made within it; "
		    "--allow=space.create:%s, or \"space.create\": [\"%s\"] there, would allow it",
		    run_hostname(run), run_hostname(run), run_hostname(run));
	else
		cli_say("%s", host_fault_text(fault));
	return CLI_FAILED;
}

static int launch(struct run *run)
{
	struct report_view view = {.policy = run->policy,
				   .limits = &run->limits,
				   .verbose = run->verbose,
				   .quiet = run->quiet,
				   .json = run->json,
				   .raw = &run->terminal.raw};
	struct host_space space;
	struct host_fault fault;
	int status;

	say_first(run, run_directory(run));
	keeper_prepare();
	if (!prepare_network(run)) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	view.asks = run->asks;
	cli_limits_settle(&run->limits, &run->policy->limits, run->log != NULL);
	if (!run->quiet && !run->json && !run->nested)
		cli_limits_say_weak(&run->limits);
	if (run->bare && make_bare_view(run))
		return CLI_FAILED;
	if (!open_log(run))
		return CLI_FAILED;
	if (!run->nested && !(run->revoked = revoked_new(&run->network.revoked))) {
		cli_say("cannot start: %s", strerror(errno));
		return CLI_FAILED;
	}
	if (run->nested) {
		if (nested_launch(run, &space, &fault) != CD_OK)
			return say_not_nested(run, &fault);
	} else if (start(run, &space, &fault) != CD_OK) {
		host_cgroup_free(run->limits.host.cgroup);
		if (fault.stage == HOST_STAGE_NAMESPACES && !run->bare)
			try_bare(run);
		host_hops_remove();
		cli_say("%s; `cordon doctor` says what this machine lacks",
			host_fault_text(&fault));
		if (run->records)
			records_finish(run->records, &view, CLI_FAILED);
		return CLI_FAILED;
	}
	if (run->records)
		records_keep(run->records);
	/* The program has its own. Who waits at their other ends waits for it alone. */
	for (size_t i = 0; i < run->fds.count; i++)
		close(run->fds.fd[i]);
	status = keeper_run(run, &space, &view);
	if (run->bare)
		end_bare();
	if (run->records)
		records_finish(run->records, &view, status);
	report_print(&view, status);
	last_write(&view, run->argv, status);
	report_view_free(&view);
	host_cgroup_free(run->limits.host.cgroup);
	return status;
}

/* One of its own takes a place to be made in, whatever the rules say of that. */
bool run_add_terminal(struct run *run)
{
	const struct cd_mount place = {
	    .kind = CD_MOUNT_PTS, .dest = "/dev/pts", .writable = true, .dev = true};
	const struct cd_mount *there = mon_plan_at(run->plan, place.dest);

	return !run->terminal.own || (there && there->kind == CD_MOUNT_PTS) ||
	       mon_plan_add(run->plan, &place) == CD_OK;
}

static void choose_terminal(struct run *run)
{
	terminal_choose(&run->terminal, run->no_pty || run->bare ? TERMINAL_SHARED
					: run->pty		 ? TERMINAL_OWN
								 : TERMINAL_AUTO);
}

static int prepare(struct run *run)
{
	struct pol_error error;

	if (!run->has_policy && pol_draft_group(run->draft, "base", &error) != CD_OK)
		return cli_say_policy_error(&error);
	run->nested = nested_is();
	if (grant_program(run) || (!run->nested && (protect_cache(run) || protect_last(run))))
		return CLI_FAILED;
	if (pol_draft_finish(run->draft, &run->policy, &error) != CD_OK)
		return cli_say_policy_error(&error);
	if (run->print_policy)
		return print_policy(run) ? CLI_FAILED : -1;
	run->bare = !run->nested && host_must_be_bare();
	run->directory_must = run->directory != NULL;
	choose_terminal(run);
	if (make_environment(run))
		return CLI_FAILED;
	if (run->nested)
		return 0; /* the rest is up to who makes it */
	run->plan = cli_plan(run->policy, run_hostname(run));
	if (!run->plan || !hide_control(run) || !run_add_terminal(run))
		return CLI_FAILED;
	if (run->policy->audit == POL_AUDIT_DENIED)
		mon_settled_requests(run->policy->table, &run->requests);
	if (run->policy->audit == POL_AUDIT_DENIED && !run->bare)
		run->native =
		    cli_native(run->plan, run->policy->table, run->program[0] ? run->program : NULL,
			       cli_fds_have_socket(&run->fds), run->verbose);
	else
		cli_native_hide(run->plan, run->policy->table, cli_fds_have_socket(&run->fds));
	run_leave_to_nester(run);
	if (run->program[0] && !run->bare)
		cli_lend_musl(run->plan, run->program, run->native != 0);
	/* The monitor has no environment that would say it. */
	run->no_sync_wakeup = cd_without(CD_SYNC_WAKEUP);
	run->no_thread_pidfds = cd_without(CD_PIDFD_THREAD);
	return 0;
}

/* The stack that planning takes, at once: page by page each is a fault. */
static void touch_stack(void)
{
	enum { PAGE = 4096, SIZE = 19 * PAGE };
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE - 1);

	madvise((void *)(here - SIZE), SIZE, MADV_POPULATE_WRITE);
}

static int run_command(int argc, char **argv)
{
	static struct run run = {.id = "1", .port = {-1, -1, -1}, .report = -1};
	int first = program_index(argc, argv), at, status;
	struct pol_vars vars;

	touch_stack();
	cli_fds_check_standard();
	if (first < argc)
		find_program(&run, argv[first]);
	cli_vars(&vars, run.program[0] ? run.program : NULL);
	snprintf(run.cwd, sizeof(run.cwd), "%s", vars.cwd ? vars.cwd : "/");
	run.draft = pol_draft_new(&vars);
	if (!run.draft) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	at = parse_options(&run, argc, argv);
	if (at < 0)
		return CLI_FAILED;
	if (!take_port(&run))
		return CLI_FAILED;
	if (at >= argc && !run.print_policy) {
		cli_say("no program given; `cordon run --help` shows how");
		return CLI_FAILED;
	}
	run.argv = argv + at;
	run.arguments = argv - 1; /* as main() was called */
	status = prepare(&run);
	if (status == 0)
		status = launch(&run);
	else if (status < 0)
		status = 0;
	/* The memory goes with the process. */
	records_free(run.records);
	return status;
}

const struct cli_command cli_run = {.name = "run",
				    .summary = "run a program inside a space",
				    .usage = usage,
				    .run = run_command,
				    .options = options,
				    .operands = "COMMAND",
				    .notes = notes,
				    .policy_flags = true};
