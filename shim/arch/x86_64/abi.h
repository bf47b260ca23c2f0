/* What assembly and C of the shim agree on. Fit for assembly. */
#ifndef CORDON_SHIM_ABI_H
#define CORDON_SHIM_ABI_H

/* Leaf functions keep data here, below rsp. */
#define RED_ZONE 128

#endif
