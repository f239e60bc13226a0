import { load } from './library.ts'

/** The libc functions this repository calls. Pointers are `Buffer`s; see each manual page for the rest. */
export const libc = load('libc.so.6', {
  bind: 'int bind(int fd, const uint8_t *address, uint32_t length)',
  close: 'int close(int fd)',
  flock: 'int flock(int fd, int operation)',
  getsockname: 'int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *length)',
  getsockopt: 'int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
  if_nametoindex: 'unsigned int if_nametoindex(const char *name)',
  ioctl: 'int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)',
  malloc_trim: 'int malloc_trim(size_t pad)',
  mmap: 'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
  mount:
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  munmap: 'int munmap(void *address, size_t length)',
  open: 'int open(const char *path, int flags, int mode)',
  poll: 'int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)',
  recv: 'intptr_t recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)',
  sendto:
    'intptr_t sendto(int fd, const uint8_t *buffer, size_t length, int flags, const uint8_t *address, uint32_t addressLength)',
  setns: 'int setns(int fd, int type)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)',
  socket: 'int socket(int family, int type, int protocol)',
  sysconf: 'long sysconf(int name)',
  syscall: 'long syscall(long number, long a, _Inout_ uint8_t *b, long c)',
  umount2: 'int umount2(const char *target, int flags)',
  unshare: 'int unshare(int flags)',
})
