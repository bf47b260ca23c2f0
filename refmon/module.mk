CORDON_SRC += refmon/pattern.c refmon/address.c refmon/builder.c refmon/compile.c refmon/table.c refmon/advise.c refmon/settle.c refmon/names.c
