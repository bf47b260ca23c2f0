/*
 * leak: sends bits from one space to another by way of something that both have.
 *
 * usage: leak send|receive CHANNEL FILE BITS MILLISECONDS START
 *
 * CHANNEL is "lock", whether FILE can be locked, or "cpu", how much of a processor is left. Both
 * ends cut time, from START (seconds of the clock that all processes share), into slots of so many
 * milliseconds, one for each bit. The bits come of a fixed rule, so that the receiver knows what it
 * should have got and can tell how much it did: it prints the errors, and the information that one
 * bit sent carried, as bits per second. Capacity 0 is a receiver that could as well have guessed.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define BITS_MAX 4096

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void until(double when)
{
	struct timespec t = {.tv_sec = (time_t)when,
			     .tv_nsec = (long)((when - (double)(time_t)when) * 1e9)};

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* As many ones as zeroes, near enough. */
static int bit(int i)
{
	unsigned x = (unsigned)i * 2654435761u + 12345u;

	x ^= x >> 13;
	x *= 0x5bd1e995u;
	return (int)(x >> 15 & 1);
}

/* Spins until then; how far it came. */
static double spin(double end)
{
	double turns = 0;

	while (now() < end)
		turns++;
	return turns;
}

static void send_bit(int value, int file, double end)
{
	if (file >= 0)
		flock(file, value ? LOCK_EX : LOCK_UN);
	else if (value)
		spin(end);
	until(end);
}

/* Something that is larger for a zero. Measured in the middle of the slot. */
static double measure(int file, double begin, double slot)
{
	int got;

	if (file < 0) {
		until(begin + slot * 0.1);
		return spin(begin + slot * 0.9);
	}
	until(begin + slot * 0.5);
	got = flock(file, LOCK_SH | LOCK_NB) == 0;
	if (got)
		flock(file, LOCK_UN);
	return got;
}

static int larger(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

/* The information between what was sent and what was received: of the joint counts. */
static double information(double n[2][2], double total)
{
	double sum = 0;

	for (int sent = 0; sent < 2; sent++)
		for (int got = 0; got < 2; got++) {
			double p = n[sent][got] / total;

			if (p > 0)
				sum +=
				    p * log2(p * total * total /
					     ((n[sent][0] + n[sent][1]) * (n[0][got] + n[1][got])));
		}
	return sum;
}

static void report(const double *measured, int bits, double slot)
{
	double sorted[BITS_MAX], n[2][2] = {{0}}, middle;

	memcpy(sorted, measured, sizeof(double) * (size_t)bits);
	qsort(sorted, (size_t)bits, sizeof(double), larger);
	/* Between the quarters, so that neither what is rare nor what is constant decides. */
	middle = (sorted[bits / 4] + sorted[bits * 3 / 4]) / 2;
	for (int i = 0; i < bits; i++)
		n[bit(i)][measured[i] < middle]++;
	printf("errors %.0f of %d, capacity %.1f bit/s\n", n[0][1] + n[1][0], bits,
	       information(n, bits) / slot);
}

int main(int argc, char **argv)
{
	static double measured[BITS_MAX];
	int bits, file = -1, sending;
	double slot, start;
	cpu_set_t one;

	if (argc != 7 || (bits = atoi(argv[4])) < 8 || bits > BITS_MAX) {
		fputs("usage: leak send|receive lock|cpu FILE BITS MILLISECONDS START\n", stderr);
		return 2;
	}
	sending = strcmp(argv[1], "send") == 0;
	slot = atof(argv[5]) / 1000;
	start = atof(argv[6]);
	if (strcmp(argv[2], "lock") == 0 && (file = open(argv[3], O_RDONLY)) < 0) {
		perror(argv[3]);
		return 1;
	}
	/* Both on one processor, for the load of one to be felt by the other. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (file < 0)
		sched_setaffinity(0, sizeof(one), &one);
	if (now() > start)
		fputs("leak: started too late\n", stderr);
	until(start);
	for (int i = 0; i < bits; i++) {
		if (sending)
			send_bit(bit(i), file, start + slot * (i + 1));
		else
			measured[i] = measure(file, start + slot * i, slot);
	}
	if (!sending)
		report(measured, bits, slot);
	return 0;
}
