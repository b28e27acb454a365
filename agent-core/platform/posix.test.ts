import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hasErrorCode } from './native-library.ts'
import {
  dataRanges,
  deviceNumbers,
  type FileRange,
  fileFlags,
  fileSystemNumbers,
  fileTimeFromNs,
  getXattr,
  isNoDump,
  listXattrs,
  lockFile,
  makeNode,
  openForReading,
  removeXattr,
  setTimes,
  setXattr,
} from './posix.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-test-'))
  file = join(folder, 'file')
  writeFileSync(file, 'content')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `action` on an open descriptor of `path` and closes it. */
function withOpen<Result>(path: string, flags: number, action: (fd: number) => Result): Result {
  const fd = openSync(path, flags)
  try {
    return action(fd)
  } finally {
    closeSync(fd)
  }
}

/** Why extended attributes of users cannot be tested here, or undefined. */
function noXattrsReason(): string | undefined {
  try {
    setXattr(file, 'user.probe', Buffer.from('1'))
    removeXattr(file, 'user.probe')
    return undefined
  } catch (error) {
    if (hasErrorCode(error, 'ENOTSUP', 'EPERM')) return `no user.* extended attributes in ${tmpdir()}: ${error.code}`
    throw error
  }
}

describe('extended attributes', () => {
  test('are written, listed, read and removed, by path and by descriptor', (ctx) => {
    const reason = noXattrsReason()
    if (reason) ctx.skip(reason)
    withOpen(file, constants.O_RDWR, (fd) => {
      setXattr(file, 'user.path', Buffer.from([0, 1, 255]))
      setXattr(fd, 'user.empty', Buffer.alloc(0))
      for (const target of [file, Buffer.from(file), fd]) {
        expect(
          listXattrs(target)
            .filter((name) => name.startsWith('user.'))
            .sort(),
        ).toEqual(['user.empty', 'user.path'])
        expect(getXattr(target, 'user.path')).toEqual(Buffer.from([0, 1, 255]))
        expect(getXattr(target, 'user.empty')).toEqual(Buffer.alloc(0))
        expect(getXattr(target, 'user.none')).toBeUndefined()
      }
      removeXattr(fd, 'user.path')
      removeXattr(file, 'user.empty')
      removeXattr(file, 'user.empty')
    })
    expect(listXattrs(file).filter((name) => name.startsWith('user.'))).toEqual([])
  })

  test('have names and values of any bytes', (ctx) => {
    const reason = noXattrsReason()
    if (reason) ctx.skip(reason)
    const tail = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => bytes.map((byte) => byte || 1))
    fc.assert(
      fc.property(tail, fc.uint8Array({ maxLength: 200 }), (nameTail, value) => {
        const name = `user.${Buffer.from(nameTail).toString('latin1')}`
        setXattr(file, name, Buffer.from(value))
        expect(listXattrs(file)).toContain(name)
        expect(getXattr(file, name)).toEqual(Buffer.from(value))
        removeXattr(file, name)
      }),
      { numRuns: 50 },
    )
  })

  test('of a symbolic link are its own, not those of its target', (ctx) => {
    const reason = noXattrsReason()
    if (reason) ctx.skip(reason)
    setXattr(file, 'user.target', Buffer.from('1'))
    const link = join(folder, 'link')
    symlinkSync(file, link)
    expect(listXattrs(link)).not.toContain('user.target')
    expect(() => setXattr(link, 'user.link', Buffer.from('1'))).toThrow(/EPERM|ENOTSUP/)
    expect(listXattrs(file)).not.toContain('user.link')
  })
})

test('errors look like those of Node', () => {
  const missing = join(folder, 'missing')
  expect(() => listXattrs(missing)).toThrow(
    expect.objectContaining({ code: 'ENOENT', errno: -2, syscall: 'llistxattr', path: missing }),
  )
  expect(() => listXattrs(missing)).toThrow(`ENOENT: no such file or directory, llistxattr '${missing}'`)
  expect(() => getXattr(-1, 'user.x')).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'fgetxattr' }))
  expect(() => listXattrs(`/${'x'.repeat(5000)}`)).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
  expect(() => listXattrs(`${file}\0x`)).toThrow(TypeError)
  for (const name of ['', 'user.a\0b', 'user.\u0153']) expect(() => getXattr(file, name)).toThrow(TypeError)
})

describe('times', () => {
  const cases = [
    { sec: 0, ns: 0 },
    { sec: -1, ns: 999_999_999 },
    { sec: -86_400 * 365, ns: 1 },
    { sec: 1_700_000_000, ns: 123_456_789 },
    { sec: 2 ** 32 + 5, ns: 7 },
  ]
  test.each(cases)('are set exactly: $sec s, $ns ns', (time) => {
    const other = { sec: 1_000_000_000, ns: 500_000_000 }
    setTimes(file, other, time)
    expect(fileTimeFromNs(lstatSync(file, { bigint: true }).mtimeNs)).toEqual(time)
    expect(fileTimeFromNs(lstatSync(file, { bigint: true }).atimeNs)).toEqual(other)
    withOpen(file, constants.O_RDWR, (fd) => setTimes(fd, time, other))
    expect(fileTimeFromNs(lstatSync(file, { bigint: true }).atimeNs)).toEqual(time)
    expect(fileTimeFromNs(lstatSync(file, { bigint: true }).mtimeNs)).toEqual(other)
  })

  test('of a symbolic link are set on the link', () => {
    const link = join(folder, 'link')
    symlinkSync('missing', link)
    setTimes(link, { sec: 5, ns: 6 }, { sec: 7, ns: 8 })
    expect(lstatSync(link, { bigint: true }).mtimeNs).toBe(7_000_000_008n)
  })

  test('that are none are refused', () => {
    expect(() => setTimes(file, { sec: 1, ns: 1_000_000_000 }, { sec: 1, ns: 0 })).toThrow(RangeError)
    expect(() => setTimes(file, { sec: 1.5, ns: 0 }, { sec: 1, ns: 0 })).toThrow(RangeError)
  })

  test('survive the way through nanoseconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (sec, ns) => {
          expect(fileTimeFromNs(BigInt(sec) * 1_000_000_000n + BigInt(ns))).toEqual({ sec, ns })
        },
      ),
    )
  })
})

describe('data ranges', () => {
  const rangesOf = (sizeBytes: number): FileRange[] =>
    withOpen(file, constants.O_RDONLY, (fd) => [...dataRanges(fd, sizeBytes)])

  test('cover every byte that is not zero, in order and within the size', () => {
    const mebibyte = 2 ** 20
    const sizeBytes = 64 * mebibyte
    withOpen(file, constants.O_RDWR | constants.O_TRUNC, (fd) => {
      ftruncateSync(fd, sizeBytes)
      writeSync(fd, Buffer.alloc(10, 1), 0, 10, 16 * mebibyte)
      writeSync(fd, Buffer.alloc(mebibyte, 2), 0, mebibyte, 63 * mebibyte)
    })
    const ranges = rangesOf(sizeBytes)
    const covers = (offset: number) => ranges.some((r) => offset >= r.offset && offset < r.offset + r.sizeBytes)
    expect(covers(16 * mebibyte) && covers(16 * mebibyte + 9) && covers(63 * mebibyte) && covers(sizeBytes - 1)).toBe(
      true,
    )
    let end = 0
    for (const range of ranges) {
      expect(range.offset).toBeGreaterThanOrEqual(end)
      expect(range.sizeBytes).toBeGreaterThan(0)
      end = range.offset + range.sizeBytes
    }
    expect(end).toBe(sizeBytes)
  })

  test('of a dense file are one range, cut at the size that was asked for', () => {
    expect(rangesOf(7)).toEqual([{ offset: 0, sizeBytes: 7 }])
    expect(rangesOf(3)).toEqual([{ offset: 0, sizeBytes: 3 }])
    expect(rangesOf(0)).toEqual([])
  })

  test('end where the file ends when it was cut short meanwhile', () => {
    const ranges = rangesOf(1_000_000)
    expect(ranges.length).toBeLessThanOrEqual(1)
    expect(ranges[0]?.offset ?? 0).toBe(0)
  })

  test('are one whole range where the descriptor cannot tell', (ctx) => {
    if (process.platform !== 'linux') ctx.skip('needs /proc')
    const ranges = withOpen('/proc/self/status', constants.O_RDONLY, (fd) => [...dataRanges(fd, 100)])
    expect(ranges).toEqual([{ offset: 0, sizeBytes: 100 }])
  })
})

test('a lock is held by one open file at a time', () => {
  const first = openSync(file, constants.O_RDWR)
  const second = openSync(file, constants.O_RDWR)
  expect(lockFile(first)).toBe(true)
  expect(lockFile(second)).toBe(false)
  closeSync(first)
  expect(lockFile(second)).toBe(true)
  closeSync(second)
})

test('FIFOs and sockets are made and never waited for', () => {
  const fifo = join(folder, 'fifo')
  const socket = join(folder, 'socket')
  makeNode(fifo, constants.S_IFIFO | 0o600)
  makeNode(Buffer.from(socket), constants.S_IFSOCK | 0o600)
  expect(lstatSync(fifo).isFIFO()).toBe(true)
  expect(lstatSync(socket).isSocket()).toBe(true)
  expect(() => makeNode(fifo, constants.S_IFIFO | 0o600)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  closeSync(openForReading(fifo))
})

test('a symbolic link is not opened for reading', () => {
  const link = join(folder, 'link')
  symlinkSync(file, link)
  expect(() => openForReading(link)).toThrow(expect.objectContaining({ code: 'ELOOP' }))
})

test('a file of another user is opened for reading without the right to keep its access time', () => {
  const fd = openForReading('/etc/passwd')
  expect(fstatSync(fd).ino).toBe(statSync('/etc/passwd').ino)
  closeSync(fd)
})

test('the nodump flag is seen', (ctx) => {
  const nodump = join(folder, 'nodump')
  writeFileSync(nodump, '')
  try {
    execFileSync('chattr', ['+d', nodump], { stdio: 'pipe' })
  } catch (error) {
    ctx.skip(`chattr +d does not work in ${tmpdir()}: ${(error as Error).message}`)
  }
  expect(withOpen(nodump, constants.O_RDONLY, isNoDump)).toBe(true)
  expect(withOpen(file, constants.O_RDONLY, isNoDump)).toBe(false)
  expect(withOpen('/proc/self/status', constants.O_RDONLY, fileFlags)).toBe(0)
})

test('device numbers are split as the C library does', () => {
  expect(deviceNumbers(0xfe00n)).toEqual({ major: 254, minor: 0 })
  expect(deviceNumbers(0x12345_00_103n)).toEqual({ major: 1, minor: 0x1234503 })
  expect(deviceNumbers(statSync('/dev/null', { bigint: true }).rdev)).toEqual({ major: 1, minor: 3 })
})

test('file systems have numbers', () => {
  const numbers = fileSystemNumbers(folder)
  expect(numbers.id).toMatch(/^[0-9a-f]{16}$/)
  expect(fileSystemNumbers(file)).toEqual(numbers)
  expect(fileSystemNumbers('/proc').type).toBe(0x9fa0)
})

test('everything works in a worker thread too', async () => {
  const source = `
    import { parentPort } from 'node:worker_threads'
    const { listXattrs, setTimes } = await import(${JSON.stringify(new URL('./posix.ts', import.meta.url).href)})
    setTimes(${JSON.stringify(file)}, { sec: 1, ns: 2 }, { sec: 3, ns: 4 })
    parentPort.postMessage(listXattrs(${JSON.stringify(folder)}))`
  mkdirSync(join(folder, 'thread'))
  const script = join(folder, 'thread', 'run.mjs')
  writeFileSync(script, source)
  const worker = new Worker(script)
  const names = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  expect(names).toEqual(listXattrs(folder))
  expect(lstatSync(file, { bigint: true }).mtimeNs).toBe(3_000_000_004n)
})
