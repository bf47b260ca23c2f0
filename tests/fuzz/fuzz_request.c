/*
 * Any bytes as the request for a space within another one. Nothing may crash or leak; what is
 * refused has a reason, and what is accepted is within its bounds: names are normal, descriptors
 * ascend, and the rules can be asked.
 */
#include <stdint.h>

/* As it is, but for its names: what it allocates for as long as the process lives is freed here. */
#define request_read  fuzz_request_read
#define request_write fuzz_request_write
#include "cli/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_request: %s\n", what);
	abort();
}

static void check_accepted(const struct run *run)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = "/a/b", .len = 4};
	struct cd_decision decision;

	check(run->argv[0] && run->envp && run->directory && run->search, "something is missing");
	check(!run->name || is_name(run->name), "a bad name");
	check(run->policy->view_count <= VIEWS_MAX, "too many views");
	for (size_t i = 0; i < run->policy->view_count; i++) {
		const struct pol_view *view = &run->policy->views[i];

		check(is_normal(view->dest) && !strstr(view->dest, "/../"), "a bad place");
		check(!view->from || (is_normal(view->from) && !strstr(view->from, "/../")),
		      "a bad source");
	}
	for (size_t i = 0; i < run->fds.count; i++)
		check(run->fds.fd[i] >= 3 && run->fds.fd[i] <= REQUEST_FD_MAX &&
			  (!i || run->fds.fd[i] > run->fds.fd[i - 1]),
		      "a bad descriptor");
	mon_decide(run->policy->table, CD_OPS_ALL & ~CD_OPBIT(CD_OP_NET_CONNECT), &object,
		   &decision);
	check(decision.verdict <= CD_ALLOW, "a bad verdict");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	char *bytes = malloc(size ? size : 1); /* no longer: reading past the end is seen */
	const char *why;

	check(bytes != NULL, "out of memory");
	memcpy(bytes, data, size);
	memset(&run, 0, sizeof(run));
	why = parse(&run, bytes, size);
	check(!why || *why, "refused without a reason");
	if (!why)
		check_accepted(&run);
	if (run.policy) {
		mon_table_free(run.policy->table);
		free((void *)run.policy->views);
	}
	free(run.policy);
	free(run.argv);
	free(run.envp);
	free(bytes);
	return 0;
}
