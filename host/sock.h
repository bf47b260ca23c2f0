/* The network protocol: what has a path, and the way to host/inet.c for the rest. */
#ifndef CORDON_HOST_SOCK_H
#define CORDON_HOST_SOCK_H

#include "host/fs.h"

HOST_HANDLER(host_sock_connect);
HOST_HANDLER(host_sock_bind);
HOST_HANDLER(host_sock_listen);
HOST_HANDLER(host_sock_send); /* sendto, sendmsg, sendmmsg */
HOST_HANDLER(host_sock_name); /* getsockname */
HOST_HANDLER(host_sock_option);

#endif
