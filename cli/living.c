/* The spaces within a space. */
#include "cli/living.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct living {
	struct living_space spaces[CD_SPACES_MAX];
};

static struct living *living;
static struct living_space *own;

bool living_begin(void)
{
	if (!living)
		living = mmap(NULL, sizeof(*living), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (living == MAP_FAILED)
		living = NULL;
	return living != NULL;
}

bool living_claim(void)
{
	for (size_t i = 0; i < CD_SPACES_MAX; i++) {
		struct living_space *entry = &living->spaces[i];
		pid_t is = __atomic_load_n(&entry->warden, __ATOMIC_RELAXED);

		if (is && (kill(is, 0) == 0 || errno != ESRCH))
			continue;
		if (!__atomic_compare_exchange_n(&entry->warden, &is, getpid(), false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		own = entry;
		own->id[0] = '\0';
		return true;
	}
	return false;
}

void living_tell(const struct run *run)
{
	snprintf(own->name, sizeof(own->name), "%s", run->name ? run->name : "");
	snprintf(own->policy, sizeof(own->policy), "%s", run->policy->name);
	own->on_deny = run->policy->on_deny;
	own->native = run->native;
	own->nester_ops = run->port_ops;
	snprintf(own->id, sizeof(own->id), "%s", run->id);
}

void living_let_go(void)
{
	if (living)
		munmap(living, sizeof(*living));
	living = NULL;
	own = NULL;
}

bool living_at(size_t i, struct living_space *out)
{
	if (!living || i >= CD_SPACES_MAX)
		return false;
	memcpy(out, &living->spaces[i], sizeof(*out));
	out->id[sizeof(out->id) - 1] = '\0';
	out->name[sizeof(out->name) - 1] = '\0';
	out->policy[sizeof(out->policy) - 1] = '\0';
	return out->warden && out->id[0];
}
