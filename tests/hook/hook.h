/*
 * A monitor in an attacker's hands, for the build cordon-hooked only.
 *
 * hook_attack() runs in the monitor process at the moment when it would begin to serve, with all
 * that the monitor holds, and tries what an attacker would. `cordon-hooked attack ...` tries the
 * same without any confinement, which shows that each attempt can succeed.
 */
#ifndef CORDON_TESTS_HOOK_H
#define CORDON_TESTS_HOOK_H

/* One line for each attempt, "NAME ok" or "NAME ERRNO", goes to the descriptor out. targets: a file
 * that was not granted, a file granted for reading, a loopback port where somebody listens, a
 * process id outside. Somebody listens at the abstract name "cordon-hook-PORT", too. broker: the
 * monitor's channel to the broker; -1: there is none, and what it would refuse is done directly. */
struct hook_targets {
	const char *secret, *granted;
	int port, pid, broker;
};
void hook_attack(int out, const struct hook_targets *targets);

#endif
