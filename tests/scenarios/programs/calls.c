/*
 * Calls that few programs make: calls WAY. Prints what each answers, so that it can be compared with
 * what it answers natively.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* "name: 0" or what was wrong. */
static void say(const char *name, long result)
{
	printf("%s: %s\n", name, result < 0 ? strerror(errno) : "done");
}

/* ---- path descriptors ---- */

static void path_descriptors(void)
{
	char name[64], byte;
	struct stat st, same;
	int file = open("file", O_PATH), dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
	    link = open("link", O_PATH | O_NOFOLLOW), followed = open("link", O_PATH),
	    both = open("file", O_PATH | O_CREAT | O_EXCL | O_RDWR | O_TRUNC, 0600);

	printf("flags: %d %d %d\n", fcntl(file, F_GETFL) & O_PATH, fcntl(dir, F_GETFD),
	       fcntl(link, F_GETFL) & O_PATH);
	say("read", read(file, &byte, 1));
	say("write", write(both, "x", 1));
	say("fchmod", fchmod(file, 0600));
	say("fchown", fchown(file, -1, -1));
	say("ioctl", ioctl(file, FIONREAD, &byte));
	say("mmap", mmap(NULL, 1, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED ? -1 : 0);
	say("fstat", fstat(file, &st));
	say("fchdir", fchdir(dir));
	printf("length: %d\n", (int)st.st_size);
	say("readlinkat", readlinkat(link, "", name, sizeof(name)));
	printf("a link: %d, followed: %d\n", fstat(link, &st) == 0 && S_ISLNK(st.st_mode),
	       fstat(followed, &st) == 0 && fstat(file, &same) == 0 && st.st_ino == same.st_ino);
	say("openat", openat(dir, "file", O_RDONLY));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	say("opened again", open(name, O_RDWR));
	say("fchownat", fchownat(link, "", getuid(), getgid(), AT_EMPTY_PATH));
	say("O_DIRECTORY", open("file", O_PATH | O_DIRECTORY));
	say("nothing there", open("nothing", O_PATH));
	say("no name", open("", O_PATH));
	say("a device", open("/dev/null", O_PATH));
	say("its own program", open("/proc/self/exe", O_PATH));
	say("of the machine", open("/proc/version", O_PATH));
}

/* ---- handles, flags, roots ---- */

static void handles(void)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + 128];
	} a = {.handle.handle_bytes = 128}, b = {.handle.handle_bytes = 128},
	  none = {.handle.handle_bytes = 0}, much = {.handle.handle_bytes = 129};
	int mount[2] = {0}, fd = open("file", O_RDONLY);

	say("by name", name_to_handle_at(AT_FDCWD, "file", &a.handle, &mount[0], 0));
	say("by descriptor", name_to_handle_at(fd, "", &b.handle, &mount[1], AT_EMPTY_PATH));
	printf("the same: %d\n", a.handle.handle_bytes > 0 && mount[0] == mount[1] &&
				     memcmp(&a, &b, sizeof(a)) == 0);
	say("no room", name_to_handle_at(AT_FDCWD, "file", &none.handle, mount, 0));
	printf("it takes some: %d\n", none.handle.handle_bytes == a.handle.handle_bytes);
	say("too much room", name_to_handle_at(AT_FDCWD, "file", &much.handle, mount, 0));
	say("a link", name_to_handle_at(AT_FDCWD, "link", &b.handle, mount, 0));
	printf("another: %d\n", memcmp(&a, &b, sizeof(a)) != 0);
	b.handle.handle_bytes = 128;
	say("followed",
	    name_to_handle_at(AT_FDCWD, "link", &b.handle, mount, AT_SYMLINK_FOLLOW));
	printf("the same: %d\n", memcmp(&a, &b, sizeof(a)) == 0);
	say("nothing there", name_to_handle_at(AT_FDCWD, "nothing", &a.handle, mount, 0));
	say("no descriptor", name_to_handle_at(99, "file", &a.handle, mount, 0));
	say("no directory", name_to_handle_at(fd, "file", &a.handle, mount, 0));
	say("no memory", name_to_handle_at(AT_FDCWD, "file", (void *)8, mount, 0));
	say("nowhere to say", name_to_handle_at(AT_FDCWD, "file", &a.handle, (void *)8, 0));
	say("unknown flags", name_to_handle_at(AT_FDCWD, "file", &a.handle, mount, -1));
}

static void roots(void)
{
	char name[5000];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	say("too long", chroot(name));
	say("a file", chroot("file"));
	say("nothing there", chroot("nothing"));
	say("no memory", chroot((void *)8));
	say("a loop", chroot("loop"));
	say("here", chroot("."));
}

static void attributes(void)
{
	uint64_t room[8];

	say("get", syscall(468, AT_FDCWD, "file", room, 24, 0));
	say("unknown flags", syscall(468, AT_FDCWD, "file", room, 24, 1));
	say("too little", syscall(468, AT_FDCWD, "file", room, 8, 0));
	say("no directory", syscall(468, 0, "file", room, 24, 0));
	say("no directory, set", syscall(469, 0, "file", room, 24, 0));
	say("nothing there, set", syscall(469, AT_FDCWD, "nothing", room, 24, 0));
}

/* ---- names under rules of the program's own ---- */

static void resolve(const char *name, uint64_t resolve)
{
	struct open_how how = {.flags = O_RDONLY, .resolve = resolve};

	printf("%s, %#llx: ", name, (unsigned long long)resolve);
	say("openat2", syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how)));
}

static void restricted(void)
{
	resolve("/proc/self/status", RESOLVE_NO_MAGICLINKS);
	resolve("/proc/thread-self/status", RESOLVE_NO_MAGICLINKS);
	resolve("/proc/self/exe", RESOLVE_NO_MAGICLINKS);
	resolve("/proc/self/status", RESOLVE_NO_SYMLINKS);
	resolve("/proc/self/status", RESOLVE_NO_XDEV);
	resolve("/proc/self/status", RESOLVE_BENEATH);
	resolve("/proc/self/status", RESOLVE_IN_ROOT);
	resolve("file", RESOLVE_BENEATH);
	resolve("../file", RESOLVE_BENEATH);
	resolve("link", RESOLVE_NO_SYMLINKS);
	/* A link to what /proc tells of the machine. */
	say("a link to /proc/version", open("version", O_RDONLY));
	say("that makes it", open("version", O_RDONLY | O_CREAT, 0600));
	say("itself", open("version", O_RDONLY | O_NOFOLLOW));
}

/* ---- directories that tell of changes ---- */

static volatile sig_atomic_t heard;

static void hear(int signal, siginfo_t *info, void *context)
{
	(void)context;
	heard = signal == SIGRTMIN + 1 ? info->si_fd : -1;
}

static void notify(void)
{
	struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO};
	int dir = open("dir", O_RDONLY), file = open("file", O_RDONLY);

	sigaction(SIGRTMIN + 1, &action, NULL);
	say("F_SETSIG", fcntl(dir, F_SETSIG, SIGRTMIN + 1));
	say("F_NOTIFY", fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	say("mkdir", mkdir("dir/new", 0755));
	for (int i = 0; i < 1000 && !heard; i++)
		usleep(1000);
	printf("heard: %d\n", heard == dir);
	heard = 0;
	say("no more", fcntl(dir, F_NOTIFY, 0));
	say("rmdir", rmdir("dir/new"));
	say("mkdir", mkdir("dir/other", 0755));
	printf("heard: %d\n", heard);
	say("of a file", fcntl(file, F_NOTIFY, DN_CREATE));
}

/* ---- what Linux decides by itself ---- */

static void clocks(void)
{
	struct timeval wrong[] = {{-1, 0}, {0, -1}, {0, 1000000}};
	struct timex pace = {.modes = 0};

	for (int i = 0; i < 3; i++)
		say("settimeofday", settimeofday(&wrong[i], NULL));
	say("no memory", syscall(SYS_settimeofday, (void *)8, NULL));
	say("adjtimex", adjtimex(&pace) < 0 ? -1 : 0);
	pace.modes = 0x8000;
	say("a mode that is none", adjtimex(&pace));
}

static void set_clock(void)
{
	struct timeval now;
	struct timex pace = {.modes = ADJ_TICK, .tick = 10000};
	struct timespec then;

	gettimeofday(&now, NULL);
	clock_gettime(CLOCK_REALTIME, &then);
	say("a device's", syscall(SYS_clock_settime, ~99u * 8 + 3, &then));
	say("settimeofday", settimeofday(&now, NULL));
	say("the call itself", syscall(SYS_settimeofday, &now, NULL));
	say("adjtimex", adjtimex(&pace));
	say("the call itself", syscall(SYS_adjtimex, &pace));
}

static void personalities(void)
{
	static const unsigned long all[] = {PER_LINUX32, PER_SVR4,  PER_BSD,	PER_SOLARIS,
					    PER_HPUX,	 PER_LINUX, PER_LINUX32};
	struct utsname name;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		say("set", personality(all[i]));
		printf("it is: %d\n", (unsigned long)personality(0xffffffff) == all[i]);
	}
	uname(&name);
	printf("machine: %s\n", name.machine);
}

static void namespaces(void)
{
	int uts = open("/proc/self/ns/uts", O_RDONLY), user = open("/proc/self/ns/user", O_RDONLY);
	struct stat a, b;

	say("kind", ioctl(uts, NS_GET_NSTYPE) == 0x04000000 ? 0 : -1);
	say("owner of what is none", ioctl(uts, NS_GET_OWNER_UID, &a));
	say("around", ioctl(user, NS_GET_PARENT));
	say("entering it", syscall(SYS_setns, uts, 0));
	printf("the same: %d\n", fstat(user, &a) == 0 &&
				     fstat(open("/proc/thread-self/ns/user", O_RDONLY), &b) == 0 &&
				     a.st_ino == b.st_ino);
}

static void mounts(void)
{
	struct {
		uint32_t size, fd;
		uint64_t id, param;
	} request = {.size = 24, .id = UINT64_MAX};
	uint64_t found[512];
	long n = syscall(458, &request, found, 512, 0), lines = 0;
	FILE *info = fopen("/proc/self/mountinfo", "r");
	int c;

	if (n < 0) {
		say("listmount", n);
		return;
	}
	while (info && (c = fgetc(info)) != EOF)
		lines += c == '\n';
	/* The root itself is a line, and in no list. */
	printf("as many as in mountinfo: %d\n", n == lines || n == lines - 1);
}

static void cached(void)
{
	uint64_t range[2] = {0, 4096}, counts[5];

	say("may be written", syscall(451, open("file", O_RDWR), range, counts, 0));
	say("may be read", syscall(451, open("file", O_RDONLY), range, counts, 0));
	say("no memory", syscall(451, open("file", O_RDWR), (void *)8, counts, 0));
	say("unknown flags", syscall(451, open("file", O_RDWR), range, counts, 1));
	say("no descriptor", syscall(451, 99, range, counts, 0));
}

static void devices(void)
{
	struct {
		int free;
		unsigned long inodes;
		char names[12];
	} room;
	struct stat root, here;

	stat("/", &root);
	stat(".", &here);
	say("of the root", syscall(SYS_ustat, (unsigned)root.st_dev, &room));
	say("of what is here", syscall(SYS_ustat, (unsigned)here.st_dev, &room));
	if (getenv("DEVICE"))
		say("of another", syscall(SYS_ustat, atoi(getenv("DEVICE")), &room));
	say("of nothing", syscall(SYS_ustat, -1, &room));
	say("no memory", syscall(SYS_ustat, (unsigned)root.st_dev, (void *)8));
}

static void interfaces(void)
{
	struct ifreq found[8] = {0}, one = {.ifr_name = "lo"};
	struct ifconf list = {.ifc_len = sizeof(found), .ifc_req = found},
		      size = {.ifc_len = 0};
	const struct ip_mreq any = {.imr_multiaddr.s_addr = htonl(0xef010203)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	say("list", ioctl(fd, SIOCGIFCONF, &list));
	for (size_t i = 0; i < list.ifc_len / sizeof(found[0]); i++)
		printf("%s %s\n", found[i].ifr_name,
		       inet_ntoa(((struct sockaddr_in *)&found[i].ifr_addr)->sin_addr));
	say("how much", ioctl(fd, SIOCGIFCONF, &size));
	printf("it takes: %d\n", size.ifc_len == sizeof(found[0]));
	say("flags", ioctl(fd, SIOCGIFFLAGS, &one));
	printf("up: %d, leads back: %d\n", !!(one.ifr_flags & IFF_UP),
	       !!(one.ifr_flags & IFF_LOOPBACK));
	say("down", ioctl(fd, SIOCSIFFLAGS, &one));
	say("no memory", ioctl(fd, SIOCGIFFLAGS, NULL));
	say("another", ioctl(fd, SIOCGIFFLAGS, strcpy(one.ifr_name, "eth0") ? &one : NULL));
	say("of a file", ioctl(open("file", O_RDONLY), SIOCGIFCONF, &list));
	say("a group of any", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &any, sizeof(any)));
}

static void groups(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(0xef010203)};
	const struct ip_mreq group = {.imr_multiaddr = address.sin_addr,
				      .imr_interface.s_addr = htonl(INADDR_LOOPBACK)};
	const struct ipv6_mreq group6 = {.ipv6mr_multiaddr.s6_addr = {0xff, 2, [15] = 0x77},
					 .ipv6mr_interface = 1};
	struct group_req other = {.gr_interface = 1};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0),
	    fd6 = socket(AF_INET6, SOCK_DGRAM, 0);

	memcpy(&other.gr_group, &address, sizeof(address));
	say("join", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
	say("again", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
	say("leave", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)));
	say("again", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)));
	say("the other way", setsockopt(tcp, IPPROTO_IP, MCAST_JOIN_GROUP, &other, sizeof(other)));
	say("leave", setsockopt(tcp, IPPROTO_IP, MCAST_LEAVE_GROUP, &other, sizeof(other)));
	say("too little", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, 4));
	say("nothing", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, NULL, 0));
	say("no memory", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, (void *)8, sizeof(group)));
	say("no socket", setsockopt(0, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
	if (fd6 >= 0)
		say("version 6",
		    setsockopt(fd6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group6, sizeof(group6)));
}

/* ---- message queues ---- */

/* Made, opened both ways, used and removed. */
static void queues(void)
{
	char name[32], got[8192];
	int writer, reader;

	snprintf(name, sizeof(name), "cordon-test-%d", (int)getpid());
	writer = (int)syscall(SYS_mq_open, name, O_WRONLY | O_CREAT | O_EXCL, 0600, NULL);
	say("made", writer);
	reader = (int)syscall(SYS_mq_open, name, O_RDONLY, 0, NULL);
	say("opened", reader);
	say("sent", syscall(SYS_mq_timedsend, writer, "text", 4, 0, NULL));
	say("received", syscall(SYS_mq_timedreceive, reader, got, sizeof(got), NULL, NULL));
	say("removed", syscall(SYS_mq_unlink, name));
	say("removed again", syscall(SYS_mq_unlink, name));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*go)(void);
	} ways[] = {{"path", path_descriptors}, {"handles", handles},	  {"roots", roots},
		    {"attributes", attributes}, {"restricted", restricted}, {"notify", notify},
		    {"clocks", clocks},		{"set_clock", set_clock},
		    {"personalities", personalities}, {"namespaces", namespaces},
		    {"devices", devices},	      {"mounts", mounts},		{"cached", cached},	  {"interfaces", interfaces},
		    {"groups", groups}, {"queues", queues}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].go();
			return 0;
		}
	return 2;
}
