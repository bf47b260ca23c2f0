CORDON_SRC += audit/chain.c audit/line.c audit/log.c audit/record.c audit/read.c audit/scan.c
