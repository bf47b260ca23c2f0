# Says what each layer of a stack of spaces is given: options of cordon run, one to a line.
#
# usage: sh start.sh LAYER DEPTH DATA
#
# LAYER is 1 for the outermost and DEPTH for the innermost, where the program runs. It is to read DATA, and not
# DATA/secret.
#
# TODO: the rule stands beside the program that it is about. Who else writes what the inner layers are given?
layer=$1 depth=$2 data=$3
echo "--allow-read=$data"
[ "$layer" != "$depth" ] || echo "--deny-read=$data/secret"
