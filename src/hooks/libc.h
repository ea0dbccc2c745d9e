// Declarations of what calls.inc lists.
#ifndef PREEMPT_HOOKS_LIBC_H_
#define PREEMPT_HOOKS_LIBC_H_

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

extern "C" {

// glibc's headers declare these only where _FORTIFY_SOURCE is on (bits/unistd.h, bits/socket2.h, bits/poll2.h). The
// last parameter is the size of the buffer.
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off64_t, size_t);
ssize_t __recv_chk(int, void*, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void*, size_t, size_t, int, sockaddr*, socklen_t*);
int __poll_chk(pollfd*, nfds_t, int, size_t);
int __ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, size_t);

// Member functions of libstdc++ (<bits/atomic_futex.h>) as the linker knows them: this, the word, its expected value,
// whether there is a deadline, the deadline.
bool _ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE(
    void*, unsigned*, unsigned, bool, std::chrono::seconds, std::chrono::nanoseconds);
bool _ZNSt28__atomic_futex_unsigned_base26_M_futex_wait_until_steadyEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE(
    void*, unsigned*, unsigned, bool, std::chrono::seconds, std::chrono::nanoseconds);

}  // extern "C"

#endif  // PREEMPT_HOOKS_LIBC_H_
