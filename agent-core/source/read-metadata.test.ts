import { beforeEach, describe, expect, test, vi } from 'vitest'
import type * as Posix from '../platform/posix.ts'
import type { FoundEntry } from './found-entry.ts'
import { maxXattrsSizeBytes, readMetadata } from './read-metadata.ts'

const attributes = vi.hoisted(() => new Map<string, Buffer | Error | undefined>())

vi.mock('../platform/posix.ts', async (importOriginal) => ({
  ...(await importOriginal<typeof Posix>()),
  listXattrs: () => {
    if (attributes.has('!')) throw new Error('no list')
    return [...attributes.keys()]
  },
  getXattr: (_target: unknown, name: string) => {
    const value = attributes.get(name)
    if (value instanceof Error) throw value
    return value
  },
}))

const found: FoundEntry = {
  type: 'file',
  sizeBytes: 0,
  mtime: { sec: 0, ns: 0 },
  ctime: { sec: 0, ns: 0 },
  birth: undefined,
  inode: 1n,
  device: 1,
  allocatedBytes: 0,
  isNoDump: false,
  linkCount: 1,
  mode: 0o4755,
  uid: 3,
  gid: 4,
  specialDevice: { major: 8, minor: 3 },
}
const namesOf = (read: ReturnType<typeof readMetadata>) =>
  read.posix.xattrs.map(({ name }) => Buffer.from(name).toString('latin1'))

beforeEach(() => attributes.clear())

test('modes and owners are taken over, device numbers for devices only', () => {
  expect(readMetadata(found, 'x')).toEqual({ posix: { mode: 0o4755, uid: 3, gid: 4, xattrs: [] }, problem: undefined })
  expect(readMetadata({ ...found, type: 'block-device' }, 'x').posix.device).toEqual({ major: 8, minor: 3 })
  expect(readMetadata({ ...found, type: 'fifo' }, 'x').posix).not.toHaveProperty('device')
})

describe('extended attributes', () => {
  test('are sorted by the bytes of their names; one that went away meanwhile is left out', () => {
    attributes.set('user.b', Buffer.from('2')).set('user.a', Buffer.from('1')).set('user.\u00ff', Buffer.alloc(0))
    attributes.set('user.gone', undefined)
    const read = readMetadata(found, 'x')
    expect(namesOf(read)).toEqual(['user.a', 'user.b', 'user.\u00ff'])
    expect(read.problem).toBeUndefined()
  })

  test('an error is told, and those read before it are kept', () => {
    attributes.set('user.a', Buffer.from('1')).set('user.b', new Error('no right')).set('user.c', Buffer.from('3'))
    const read = readMetadata(found, 'x')
    expect(read.problem).toBe('no right')
    expect(namesOf(read)).toEqual(['user.a'])
    attributes.set('!', undefined)
    expect(readMetadata(found, 'x')).toMatchObject({ posix: { xattrs: [] }, problem: 'no list' })
  })

  test('what would not fit into a page is left out and told; small ones behind it are kept', () => {
    const half = Buffer.alloc(maxXattrsSizeBytes / 2)
    attributes.set('user.1', half).set('user.2', half).set('user.3', half).set('user.4', Buffer.alloc(9))
    const read = readMetadata(found, 'x')
    expect(namesOf(read)).toEqual(['user.1', 'user.4'])
    expect(read.problem).toBe('more than 128 KiB of extended attributes; left out: user.2, user.3')
  })

  test('exactly the bound fits', () => {
    attributes.set('user.1', Buffer.alloc(maxXattrsSizeBytes - 6))
    expect(readMetadata(found, 'x').problem).toBeUndefined()
    attributes.set('user.1', Buffer.alloc(maxXattrsSizeBytes - 5))
    expect(readMetadata(found, 'x').posix.xattrs).toEqual([])
  })
})
