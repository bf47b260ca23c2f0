/* The page of `cordon report`: one file that loads nothing, made of a digest (cli/digest.h). */
#ifndef CORDON_CLI_PAGE_H
#define CORDON_CLI_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/digest.h"
#include "policy/policy.h"

/* What the page is made of, besides data; cli/page/ has the sources (mk/page.sh). */
extern const unsigned char cli_page_head[], cli_page_tail[];
extern const unsigned cli_page_head_len, cli_page_tail_len;

/* title: the log's name. policy: to say which of its rules nothing used; NULL: none was given. */
bool page_write(const struct digest *digest, const char *title, const struct pol_policy *policy,
		FILE *out);

#endif
