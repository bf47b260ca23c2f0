/*
 * How many arguments internal calls have. Registers beyond them hold whatever they held before,
 * which is for no record. What is not here has none.
 */
#include "kernel/syscalls.h"

/* clang-format off */
static const uint8_t counts[KERN_SYSCALL_MAX] = {
	/* read */ [0] = 3, /* write */ [1] = 3, /* close */ [3] = 1, /* fstat */ [5] = 2, /* poll */ [7] = 3,
	/* lseek */ [8] = 3, /* mmap */ [9] = 6, /* mprotect */ [10] = 3, /* munmap */ [11] = 2, /* brk */ [12] = 1,
	/* rt_sigaction */ [13] = 4, /* rt_sigprocmask */ [14] = 4, /* pread64 */ [17] = 4, /* pwrite64 */ [18] = 4,
	/* readv */ [19] = 3, /* writev */ [20] = 3, /* pipe */ [22] = 1, /* select */ [23] = 5, /* mremap */ [25] = 5,
	/* msync */ [26] = 3, /* mincore */ [27] = 3, /* madvise */ [28] = 3, /* shmget */ [29] = 3,
	/* shmat */ [30] = 3, /* shmctl */ [31] = 3, /* dup */ [32] = 1, /* dup2 */ [33] = 2, /* nanosleep */ [35] = 2,
	/* getitimer */ [36] = 2, /* alarm */ [37] = 1, /* setitimer */ [38] = 3, /* sendfile */ [40] = 4,
	/* accept */ [43] = 3, /* recvfrom */ [45] = 6, /* recvmsg */ [47] = 3, /* shutdown */ [48] = 2,
	/* getpeername */ [52] = 3, /* getsockopt */ [55] = 5, /* exit */ [60] = 1, /* wait4 */ [61] = 4,
	/* kill */ [62] = 2, /* uname */ [63] = 1, /* semget */ [64] = 3, /* semop */ [65] = 3, /* semctl */ [66] = 4,
	/* shmdt */ [67] = 1, /* msgget */ [68] = 2, /* msgsnd */ [69] = 4, /* msgrcv */ [70] = 5,
	/* msgctl */ [71] = 3, /* flock */ [73] = 2, /* fsync */ [74] = 1, /* fdatasync */ [75] = 1,
	/* ftruncate */ [77] = 2, /* getdents */ [78] = 3, /* getcwd */ [79] = 2, /* fchdir */ [81] = 1,
	/* gettimeofday */ [96] = 2, /* getrlimit */ [97] = 2, /* getrusage */ [98] = 2, /* sysinfo */ [99] = 1,
	/* times */ [100] = 1, /* setuid */ [105] = 1, /* setgid */ [106] = 1, /* setpgid */ [109] = 2,
	/* setreuid */ [113] = 2, /* setregid */ [114] = 2, /* getgroups */ [115] = 2, /* setgroups */ [116] = 2,
	/* setresuid */ [117] = 3, /* getresuid */ [118] = 3, /* setresgid */ [119] = 3, /* getresgid */ [120] = 3,
	/* getpgid */ [121] = 1, /* setfsuid */ [122] = 1, /* setfsgid */ [123] = 1, /* getsid */ [124] = 1,
	/* capget */ [125] = 2, /* capset */ [126] = 2, /* rt_sigpending */ [127] = 2, /* rt_sigtimedwait */ [128] = 4,
	/* rt_sigqueueinfo */ [129] = 3, /* rt_sigsuspend */ [130] = 2, /* sigaltstack */ [131] = 2,
	/* fstatfs */ [138] = 2, /* sysfs */ [139] = 3, /* getpriority */ [140] = 2, /* setpriority */ [141] = 3,
	/* sched_setparam */ [142] = 2, /* sched_getparam */ [143] = 2, /* sched_setscheduler */ [144] = 3,
	/* sched_getscheduler */ [145] = 1, /* sched_get_priority_max */ [146] = 1,
	/* sched_get_priority_min */ [147] = 1, /* sched_rr_get_interval */ [148] = 2, /* mlock */ [149] = 2,
	/* munlock */ [150] = 2, /* mlockall */ [151] = 1, /* arch_prctl */ [158] = 2,
	/* adjtimex */ [159] = 1, /* settimeofday */ [164] = 2, /* readahead */ [187] = 3,
	/* fgetxattr */ [193] = 4, /* flistxattr */ [196] = 3, /* tkill */ [200] = 2, /* time */ [201] = 1,
	/* futex */ [202] = 6, /* sched_setaffinity */ [203] = 3, /* sched_getaffinity */ [204] = 3,
	/* io_setup */ [206] = 2, /* io_destroy */ [207] = 1, /* io_getevents */ [208] = 5, /* io_submit */ [209] = 3,
	/* io_cancel */ [210] = 3, /* epoll_create */ [213] = 1, /* remap_file_pages */ [216] = 5,
	/* getdents64 */ [217] = 3, /* set_tid_address */ [218] = 1, /* semtimedop */ [220] = 4,
	/* fadvise64 */ [221] = 4, /* timer_create */ [222] = 3, /* timer_settime */ [223] = 4,
	/* timer_gettime */ [224] = 2, /* timer_getoverrun */ [225] = 1, /* timer_delete */ [226] = 1,
	/* clock_gettime */ [228] = 2, /* clock_getres */ [229] = 2, /* clock_nanosleep */ [230] = 4,
	/* exit_group */ [231] = 1, /* epoll_wait */ [232] = 4, /* epoll_ctl */ [233] = 4, /* tgkill */ [234] = 3,
	/* mbind */ [237] = 6, /* set_mempolicy */ [238] = 3, /* get_mempolicy */ [239] = 5, /* mq_open */ [240] = 4,
	/* mq_unlink */ [241] = 1, /* mq_timedsend */ [242] = 5, /* mq_timedreceive */ [243] = 5,
	/* mq_notify */ [244] = 2, /* mq_getsetattr */ [245] = 3, /* waitid */ [247] = 5, /* ioprio_set */ [251] = 3,
	/* ioprio_get */ [252] = 2, /* inotify_rm_watch */ [255] = 2, /* pselect6 */ [270] = 6, /* ppoll */ [271] = 5,
	/* set_robust_list */ [273] = 2, /* get_robust_list */ [274] = 3, /* splice */ [275] = 6, /* tee */ [276] = 4,
	/* sync_file_range */ [277] = 4, /* vmsplice */ [278] = 4, /* epoll_pwait */ [281] = 6,
	/* signalfd */ [282] = 3, /* timerfd_create */ [283] = 2, /* eventfd */ [284] = 1, /* fallocate */ [285] = 4,
	/* timerfd_settime */ [286] = 4, /* timerfd_gettime */ [287] = 2, /* accept4 */ [288] = 4,
	/* signalfd4 */ [289] = 4, /* eventfd2 */ [290] = 2, /* epoll_create1 */ [291] = 1, /* dup3 */ [292] = 3,
	/* pipe2 */ [293] = 2, /* inotify_init1 */ [294] = 1, /* preadv */ [295] = 5, /* pwritev */ [296] = 5,
	/* rt_tgsigqueueinfo */ [297] = 4, /* recvmmsg */ [299] = 5, /* syncfs */ [306] = 1, /* getcpu */ [309] = 3,
	/* sched_setattr */ [314] = 3, /* sched_getattr */ [315] = 4, /* getrandom */ [318] = 3,
	/* memfd_create */ [319] = 2, /* membarrier */ [324] = 3, /* mlock2 */ [325] = 3,
	/* copy_file_range */ [326] = 6, /* preadv2 */ [327] = 6, /* pwritev2 */ [328] = 6,
	/* pkey_mprotect */ [329] = 4, /* pkey_alloc */ [330] = 2, /* pkey_free */ [331] = 1,
	/* io_pgetevents */ [333] = 6, /* rseq */ [334] = 4, /* pidfd_send_signal */ [424] = 4,
	/* pidfd_open */ [434] = 2, /* close_range */ [436] = 3, /* epoll_pwait2 */ [441] = 6,
	/* futex_waitv */ [449] = 5, /* set_mempolicy_home_node */ [450] = 4, /* map_shadow_stack */ [453] = 3,
	/* futex_wake */ [454] = 4, /* futex_wait */ [455] = 6, /* futex_requeue */ [456] = 4, /* statmount */ [457] = 4,
	/* listmount */ [458] = 4, /* lsm_list_modules */ [461] = 3, /* mseal */ [462] = 2,
};
/* clang-format on */

unsigned kern_syscall_arguments(int nr)
{
	return nr >= 0 && nr < KERN_SYSCALL_MAX ? counts[nr] : 0;
}
