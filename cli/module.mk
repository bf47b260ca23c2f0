# Every file here is of the program, so that a new command is a file and a line of commands.def.
CORDON_SRC += $(wildcard cli/*.c)
CORDON_SRC += $(BUILD)/page.c
