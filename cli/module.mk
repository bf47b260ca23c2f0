CORDON_SRC += cli/main.c cli/commands.c cli/options.c cli/completions.c cli/run.c cli/fds.c cli/keeper.c cli/network.c cli/terminal.c cli/pump.c cli/view.c cli/report.c cli/policy.c cli/policy_plan.c cli/policy_compare.c cli/policy_edit.c cli/doctor.c cli/vars.c cli/say.c cli/native.c cli/limits.c cli/cache.c
CORDON_SRC += cli/nested.c cli/request.c cli/warden.c
