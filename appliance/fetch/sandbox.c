/* What a fetch gives up before it meets a stranger's bytes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define OPEN_FILES 256 /* descriptors of a process */

/* Rights and scopes of Linux after Debian 12's headers (landlock(7)); a kernel takes a longer struct whose tail is 0.
 */
#define FS_TRUNCATE (UINT64_C(1) << 14)          /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)         /* ABI 5 */
#define SCOPE_ABSTRACT_SOCKET (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)
#define FS_ABI_2 (2 * LANDLOCK_ACCESS_FS_REFER - 1) /* all up to it */

struct ruleset {
    uint64_t fs, net, scoped;
};

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define USE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | USE | FS_IOCTL_DEV) /* what a rule for a file may say */

/* What git, its helpers, libc's resolver and TLS open. What is not there gives no rule. */
static const struct {
    const char *path;
    uint64_t rights;
} views[] = {
    {"/usr", RUN},
    {"/bin", RUN},
    {"/lib", RUN},
    {"/lib64", RUN},
    {"/etc/ssl", READ},
    {"/etc/ca-certificates", READ},
    {"/usr/share/ca-certificates", READ},
    {"/etc/ld.so.cache", READ},
    {"/etc/ld.so.preload", READ},
    {"/etc/alternatives", READ},
    {"/etc/resolv.conf", READ},
    {"/etc/hosts", READ},
    {"/etc/host.conf", READ},
    {"/etc/gai.conf", READ},
    {"/etc/nsswitch.conf", READ},
    {"/etc/services", READ},
    {"/etc/protocols", READ},
    {"/etc/localtime", READ},
    {"/run/systemd/resolve", READ},
    {"/dev/null", USE},
    {"/dev/zero", READ},
    {"/dev/random", READ},
    {"/dev/urandom", READ},
    {"/proc/self", READ}, /* our own, not that of a child: process.c asks for ours */
};

/* Certificates that the operator's environment names. */
static const char *const bundles[] = {"GIT_SSL_CAINFO", "SSL_CERT_FILE", "CURL_CA_BUNDLE"};

/* Refused whatever the arguments. Kernel code that strangers like and that no git needs. */
static const uint16_t refused_calls[] = {
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_bpf,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_quotactl,
    SYS_acct,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_personality,
    SYS_open_by_handle_at,
#ifndef __SANITIZE_ADDRESS__ /* the leak checker traces its own threads */
    SYS_ptrace,
#endif
};
#define REFUSED (sizeof refused_calls / sizeof refused_calls[0])

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the table of system calls is of x86-64 and arm64"
#endif

static int failed(struct err *e, const char *what)
{
    return err_set_errno(e, ERR_FETCH_SANDBOX, "%s", what);
}

static int allow(int ruleset, const char *path, uint64_t rights, struct err *e)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat what;

    if (fd < 0)
        return 0;
    if (fstat(fd, &what) < 0)
        return failed(e, path);
    if (!S_ISDIR(what.st_mode))
        rule.allowed_access &= OF_FILES;
    rule.parent_fd = fd;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? failed(e, path) : 0;
}

/* The folder whole; from what it lies in nothing, but that it can be removed when all is over. */
static int allow_folder(int ruleset, const char *folder, uint64_t all, struct err *e)
{
    cleanup_free char *above = mem_copy(folder, (size_t)(strrchr(folder, '/') - folder));

    return allow(ruleset, folder, all, e) < 0 ? -1 : allow(ruleset, above, LANDLOCK_ACCESS_FS_REMOVE_DIR, e);
}

static int confine(bool *confined, const char *folder, const char *also, struct err *e)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset handled = {.fs = FS_ABI_2};
    cleanup_close int ruleset = -1;

    *confined = abi >= 2;
    if (!*confined)
        return 0;
    handled.fs |= (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
    handled.scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL : 0;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (ruleset < 0)
        return failed(e, "Landlock");
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (allow(ruleset, views[i].path, views[i].rights & handled.fs, e) < 0)
            return -1;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (getenv(bundles[i]) && allow(ruleset, getenv(bundles[i]), READ, e) < 0)
            return -1;
    if ((also && allow(ruleset, also, READ, e) < 0) || allow_folder(ruleset, folder, handled.fs, e) < 0)
        return -1;
    return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? failed(e, "Landlock") : 0;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(kind, value, skip) BPF_JUMP(BPF_JMP | (kind) | BPF_K, (value), 0, (skip))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EPERM)

/* A program of another architecture is of no use here and would number its calls otherwise. clone3's flags lie in
 * memory, where no filter sees them: libc takes clone where there is none. A new user namespace opens the kernel wide.
 */
static const struct sock_filter filter_head[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 numbers its calls from there on */
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    UNLESS(BPF_JEQ, SYS_clone3, 1),
    ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
    UNLESS(BPF_JEQ, SYS_clone, 4),
    LOAD(args[0]), /* little-endian: the lower half, which has all flags */
    UNLESS(BPF_JSET, CLONE_NEWUSER, 1),
    REFUSE,
    ANSWER(SECCOMP_RET_ALLOW),
};
#define HEAD (sizeof filter_head / sizeof filter_head[0])

static int filter_calls(struct err *e)
{
    struct sock_filter filter[HEAD + 2 * REFUSED + 1];
    struct sock_fprog program = {.filter = filter};

    memcpy(filter, filter_head, sizeof filter_head);
    program.len = HEAD;
    for (size_t i = 0; i < REFUSED; i++) {
        filter[program.len++] = (struct sock_filter)UNLESS(BPF_JEQ, refused_calls[i], 1);
        filter[program.len++] = (struct sock_filter)REFUSE;
    }
    filter[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? failed(e, "seccomp") : 0;
}

int sandbox_enter(bool *confined, const char *folder, const char *also, struct err *e)
{
    bool unasked;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed(e, "PR_SET_NO_NEW_PRIVS");
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0 ||
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){OPEN_FILES, OPEN_FILES}) < 0)
        return failed(e, "setrlimit");
    if (confine(confined ? confined : &unasked, folder, also, e) < 0)
        return -1;
    return filter_calls(e);
}
