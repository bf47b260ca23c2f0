CORDON_SRC += cli/main.c cli/run.c cli/keeper.c cli/network.c cli/terminal.c cli/pump.c cli/view.c cli/report.c cli/policy.c cli/doctor.c cli/vars.c cli/say.c cli/native.c cli/limits.c cli/cache.c
