#pragma once
#include <sys/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
struct stamps { int n; struct { double t; int pid; char name[40]; } s[200]; };
__attribute__((weak)) struct stamps *cd_stamps;
static inline void stamp(const char *name)
{
	struct timespec t;
	if (!cd_stamps) return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int i = __atomic_fetch_add(&cd_stamps->n, 1, __ATOMIC_SEQ_CST);
	if (i >= 200) return;
	cd_stamps->s[i].t = t.tv_sec * 1e6 + t.tv_nsec / 1e3;
	cd_stamps->s[i].pid = getpid();
	{unsigned c=0; __builtin_ia32_rdtscp(&c); snprintf(cd_stamps->s[i].name, 40, "%s @%u", name, c & 4095);}
}
