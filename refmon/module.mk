CORDON_SRC += refmon/pattern.c refmon/address.c refmon/builder.c refmon/compile.c refmon/table.c refmon/advise.c refmon/settle.c refmon/names.c \
	refmon/words.c refmon/classes.c refmon/classes_inet.c refmon/compare.c refmon/explain.c refmon/answers.c
CORDON_SRC += refmon/nest.c
