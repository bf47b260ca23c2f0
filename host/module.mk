CORDON_SRC += host/host.c host/hold.c host/gate.c host/within.c host/fs.c host/fs_open.c host/fs_exec.c host/fs_stat.c host/fs_tell.c host/fs_meta.c host/fs_name.c \
	host/sock.c host/interfaces.c host/fcntl.c host/tty.c host/pty.c host/inet.c host/address.c host/watches.c host/broker.c host/broker_ask.c host/carry.c host/resolve.c host/hops.c host/peers.c host/view.c host/confine.c host/landlock.c host/domains.c host/allow.c host/launch.c host/launch_monitor.c host/launch_init.c host/launch_program.c host/cgroup.c host/limits.c
CORDON_SRC += refmon/plan.c
CORDON_SRC += host/resolver.c host/dns.c host/dns_server.c host/hosts.c
