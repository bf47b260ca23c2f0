#include "cordon/status.h"

const char *cd_status_name(enum cd_status status)
{
	switch (status) {
	case CD_OK: return "ok";
	case CD_ENOMEM: return "out of memory";
	case CD_EINVAL: return "not valid";
	case CD_ENOENT: return "not there";
	case CD_ELIMIT: return "over a limit";
	case CD_ESYS: return "a system call failed";
	case CD_EPROTO: return "a peer broke the protocol";
	case CD_EGONE: return "gone";
	case CD_ENOSUP: return "not supported on this machine";
	}
	return "unknown status";
}
