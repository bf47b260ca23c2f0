# Says what each layer of a stack of spaces is given: options of cordon run, one to a line.
#
# usage: sh solution.sh LAYER DEPTH DATA
#
# LAYER is 1 for the outermost and DEPTH for the innermost, where the program runs. It is to read DATA, and not
# DATA/secret.
#
# A layer can only take away, so what must hold stands in the outermost: nobody further in can give it back. And
# it stands there once. Said again in each layer it would hold no better, and each would be asked.
layer=$1 data=$3
echo "--allow-read=$data"
[ "$layer" != 1 ] || echo "--deny-read=$data/secret"
