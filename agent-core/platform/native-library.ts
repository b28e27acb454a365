/**
 * The C library's functions that Node does not offer, declared once per thread through koffi and
 * loaded at the first call, so that a process that never needs them never pays for them.
 * The symbols are looked up in the running process: glibc and musl both serve.
 */
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import type * as Koffi from 'koffi'
import { AgentError } from '../base/agent-error.ts'

/** Linux 64-bit signatures; every function answers -1 (and sets errno) when it fails. */
interface NativeFunctions {
  readonly listxattr: (path: Buffer, list: Buffer, sizeBytes: number) => number
  readonly flistxattr: (fd: number, list: Buffer, sizeBytes: number) => number
  readonly getxattr: (path: Buffer, name: Buffer, value: Buffer, sizeBytes: number) => number
  readonly fgetxattr: (fd: number, name: Buffer, value: Buffer, sizeBytes: number) => number
  readonly setxattr: (path: Buffer, name: Buffer, value: Buffer, sizeBytes: number, flags: number) => number
  readonly fsetxattr: (fd: number, name: Buffer, value: Buffer, sizeBytes: number, flags: number) => number
  readonly removexattr: (path: Buffer, name: Buffer) => number
  readonly fremovexattr: (fd: number, name: Buffer) => number
  readonly utimensat: (folder: number, path: Buffer, times: Buffer, flags: number) => number
  readonly futimens: (fd: number, times: Buffer) => number
  readonly openat: (folder: number, path: Buffer, flags: number, mode: number) => number
  readonly unlinkat: (folder: number, path: Buffer, flags: number) => number
  readonly pread: (fd: number, bytes: Uint8Array, sizeBytes: number, position: number) => number
  readonly pwrite: (fd: number, bytes: Uint8Array, sizeBytes: number, position: number) => number
  readonly fchown: (fd: number, uid: number, gid: number) => number
  readonly fchmod: (fd: number, mode: number) => number
  readonly close: (fd: number) => number
  readonly lseek: (fd: number, offset: number, whence: number) => number
  readonly flock: (fd: number, operation: number) => number
  readonly fstatfs: (fd: number, result: Buffer) => number
  readonly syncfs: (fd: number) => number
  readonly syncFileRange: (fd: number, offset: number, sizeBytes: number, flags: number) => number
  /** Answers the error's number itself. */
  readonly fadvise: (fd: number, offset: number, sizeBytes: number, advice: number) => number
  readonly renameat2: (fromFolder: number, from: Buffer, toFolder: number, to: Buffer, flags: number) => number
  /** `request` is an ioctl that reads into `argument`. */
  readonly ioctl: (fd: number, request: number, argument: Buffer) => number
  readonly statx: (folder: number, path: Buffer, flags: number, mask: number, status: Buffer) => number
  /** By system call number: C libraries do not have it. */
  readonly ioprioSet: (which: number, who: number, priority: number) => number
  /** By system call number: old C libraries have no `mknodat` symbol. */
  readonly mknodat: (folder: number, path: Buffer, mode: number, device: number) => number
  readonly inotifyInit: (flags: number) => number
  readonly inotifyAddWatch: (fd: number, path: Buffer, mask: number) => number
  readonly inotifyRemoveWatch: (fd: number, watch: number) => number
  readonly fanotifyInit: (flags: number, eventFlags: number) => number
  readonly fanotifyMark: (fd: number, flags: number, mask: number, folder: number, path: Buffer) => number
  readonly openByHandle: (mountFd: number, handle: Buffer, flags: number) => number
  /** Of glibc alone. */
  readonly mallocTrim: ((keepBytes: number) => number) | undefined
  readonly mallopt: ((parameter: number, value: number) => number) | undefined
  readonly errno: () => number
}

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h */
const systemCallNumbers: Partial<
  Record<NodeJS.Architecture, { readonly mknodat: number; readonly ioprioSet: number }>
> = { x64: { mknodat: 259, ioprioSet: 251 }, arm64: { mknodat: 33, ioprioSet: 30 } }

let loaded: NativeFunctions | undefined

/** The functions; throws AgentError `platform.unsupported` where the system is not a 64-bit Linux. */
export function nativeFunctions(): NativeFunctions {
  loaded ??= load()
  return loaded
}

function load(): NativeFunctions {
  const numbers = systemCallNumbers[process.arch]
  if (process.platform !== 'linux' || numbers === undefined) {
    throw new AgentError('platform.unsupported', { platform: `${process.platform} ${process.arch}` })
  }
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
  const library = koffi.load(null)
  const declare = <Signature extends (...args: never[]) => number>(definition: string) =>
    library.func(definition) as unknown as Signature
  const ioctl = declare<(fd: number, request: number, type: string, argument: Buffer) => number>(
    'int ioctl(int fd, unsigned long request, ...)',
  )
  const syscall = declare<(number: number, ...typesAndValues: readonly unknown[]) => number>(
    'long syscall(long number, ...)',
  )
  return {
    listxattr: declare('int64_t llistxattr(void *path, void *list, size_t size)'),
    flistxattr: declare('int64_t flistxattr(int fd, void *list, size_t size)'),
    getxattr: declare('int64_t lgetxattr(void *path, void *name, void *value, size_t size)'),
    fgetxattr: declare('int64_t fgetxattr(int fd, void *name, void *value, size_t size)'),
    setxattr: declare('int lsetxattr(void *path, void *name, void *value, size_t size, int flags)'),
    fsetxattr: declare('int fsetxattr(int fd, void *name, void *value, size_t size, int flags)'),
    removexattr: declare('int lremovexattr(void *path, void *name)'),
    fremovexattr: declare('int fremovexattr(int fd, void *name)'),
    utimensat: declare('int utimensat(int folder, void *path, void *times, int flags)'),
    futimens: declare('int futimens(int fd, void *times)'),
    // Variadic in C; on x64 and arm64 its fourth argument is passed as that of any other function.
    openat: declare('int openat(int folder, void *path, int flags, uint mode)'),
    unlinkat: declare('int unlinkat(int folder, void *path, int flags)'),
    pread: declare('int64_t pread64(int fd, void *bytes, size_t size, int64_t position)'),
    pwrite: declare('int64_t pwrite64(int fd, void *bytes, size_t size, int64_t position)'),
    fchown: declare('int fchown(int fd, uint uid, uint gid)'),
    fchmod: declare('int fchmod(int fd, uint mode)'),
    close: declare('int close(int fd)'),
    lseek: declare('int64_t lseek(int fd, int64_t offset, int whence)'),
    flock: declare('int flock(int fd, int operation)'),
    fstatfs: declare('int fstatfs(int fd, void *result)'),
    syncfs: declare('int syncfs(int fd)'),
    syncFileRange: declare('int sync_file_range(int fd, int64_t offset, int64_t size, uint flags)'),
    fadvise: declare('int posix_fadvise(int fd, int64_t offset, int64_t size, int advice)'),
    renameat2: declare('int renameat2(int fromFolder, void *from, int toFolder, void *to, uint flags)'),
    ioctl: (fd, request, argument) => ioctl(fd, request, 'void *', argument),
    mknodat: (folder, path, mode, device) =>
      syscall(numbers.mknodat, 'int', folder, 'void *', path, 'uint', mode, 'uint', device),
    ioprioSet: (which, who, priority) => syscall(numbers.ioprioSet, 'int', which, 'int', who, 'int', priority),
    statx: declare('int statx(int folder, void *path, int flags, uint mask, void *status)'),
    inotifyInit: declare('int inotify_init1(int flags)'),
    inotifyAddWatch: declare('int inotify_add_watch(int fd, void *path, uint32_t mask)'),
    inotifyRemoveWatch: declare('int inotify_rm_watch(int fd, int watch)'),
    fanotifyInit: declare('int fanotify_init(uint flags, uint eventFlags)'),
    fanotifyMark: declare('int fanotify_mark(int fd, uint flags, uint64_t mask, int folder, void *path)'),
    openByHandle: declare('int open_by_handle_at(int mountFd, void *handle, int flags)'),
    mallopt: ifThere(() => declare('int mallopt(int parameter, int value)')),
    mallocTrim: ifThere(() => declare('int malloc_trim(size_t keepBytes)')),
    errno: koffi.errno,
  }
}

/** undefined where the C library lacks the function. */
function ifThere<Value>(declared: () => Value): Value | undefined {
  try {
    return declared()
  } catch {
    return undefined
  }
}

const codesByErrno = new Map(Object.entries(constants.errno).map(([code, errno]) => [errno, code]))

/** `ENOENT` for 2; `E999` for a number that no table knows. */
function codeOf(errno: number): string {
  const name = getSystemErrorName(-errno)
  return /^E[A-Z0-9]+$/.test(name) ? name : (codesByErrno.get(errno) ?? `E${errno}`)
}

/**
 * The error of a system call, shaped as Node's own: `code` ('ENOENT'), negative `errno`, `syscall`,
 * and `path` where `target` is a path (shown as UTF-8) instead of a descriptor.
 */
export function systemError(syscall: string, errno: number, target?: Buffer | string | number): NodeJS.ErrnoException {
  const code = codeOf(errno)
  const path = target === undefined || typeof target === 'number' ? undefined : target.toString()
  const message = `${code}: ${getSystemErrorMessage(-errno)}, ${syscall}${path === undefined ? '' : ` '${path}'`}`
  return Object.assign(new Error(message), { code, errno: -errno, syscall, ...(path === undefined ? {} : { path }) })
}

/** True when `error` is a system error (Node's or ours) with one of `codes`. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
