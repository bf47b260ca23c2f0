/* The part of the network protocol that stays on this machine's file system, and refusals for the
 * rest. */
#ifndef CORDON_HOST_SOCK_H
#define CORDON_HOST_SOCK_H

#include "host/fs.h"

HOST_HANDLER(host_sock_connect);
HOST_HANDLER(host_sock_bind);
HOST_HANDLER(host_sock_send); /* sendto, sendmsg, sendmmsg */
HOST_HANDLER(host_sock_name); /* getsockname */

#endif
