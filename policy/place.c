/* What stands at a path: the deepest view around it says. */
#include "policy/place.h"

#include <stdio.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/path.h"

struct pol_place pol_place_of(const struct pol_policy *policy, const char *path)
{
	struct pol_place place = {.writable = true};
	size_t deepest = 0;

	for (size_t i = 0; i < policy->view_count; i++) {
		const struct pol_view *view = &policy->views[i];
		size_t len = strlen(view->dest);

		if (len <= deepest || !cd_path_is_within(path, view->dest))
			continue;
		place.view = view;
		place.own = view->kind == POL_VIEW_PRIVATE;
		place.writable = view->kind == POL_VIEW_BIND && view->writable;
		deepest = len;
	}
	return place;
}

void pol_place_outer(const struct pol_place *place, const char *path, char *out, size_t size)
{
	const char *head = "", *rest = path;

	if (place->view && place->view->from) {
		size_t len = strlen(place->view->dest);

		head = strcmp(place->view->from, "/") ? place->view->from : "";
		rest = len == 1 ? path : path + len;
	}
	if (strcmp(rest, "/") == 0)
		rest = "";
	snprintf(out, size, "%s%s", head, *head || *rest ? rest : "/");
}

bool pol_places_alike(const struct pol_place *a, const struct pol_place *b, const char *path)
{
	char outer_a[2 * CD_PATH_MAX], outer_b[2 * CD_PATH_MAX];

	pol_place_outer(a, path, outer_a, sizeof(outer_a));
	pol_place_outer(b, path, outer_b, sizeof(outer_b));
	return strcmp(outer_a, outer_b) == 0;
}
