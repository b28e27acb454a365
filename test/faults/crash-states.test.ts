/**
 * The directory store's real file operations, recorded, and every disk state that a power cut could
 * leave after each of them: no final name with partial bytes (W2), nothing acknowledged lost (W3).
 * The same search must find the fault in every recording from which one step was taken out.
 */
import { constants } from 'node:fs'
import type * as FilePromises from 'node:fs/promises'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'
import { enumerateCrashStates, type FileOperation, folderOf } from '../support/crash-states.ts'
import { needsThat } from '../support/needs.ts'

const recorder = vi.hoisted(() => ({
  operations: undefined as unknown[] | undefined,
  nameOf: (path: string): string => path,
  files: new Map<string, string>(),
  linksWork: true,
}))

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof FilePromises>()
  const record = (operation: FileOperation) => recorder.operations?.push(operation)
  const fileAt = (name: string) => recorder.files.get(name) ?? name
  const watched = (handle: FilePromises.FileHandle, name: string, file: string) => {
    const write = handle.write.bind(handle)
    const writeWhole = handle.writeFile.bind(handle)
    const sync = handle.sync.bind(handle)
    handle.write = (async (...parameters: Parameters<typeof write>) => {
      const bytes = parameters[0] as unknown as Buffer
      record({ kind: 'write', file, bytes: String(bytes.subarray(0, 6)) })
      return await write(...parameters)
    }) as typeof write
    handle.writeFile = async (...parameters) => {
      record({ kind: 'write', file, bytes: parameters[0] as string })
      await writeWhole(...parameters)
    }
    handle.sync = async () => {
      const isFolder = (await handle.stat()).isDirectory()
      record(isFolder ? { kind: 'sync-folder', name } : { kind: 'sync', file })
      await sync()
    }
    return handle
  }
  const replaced: Partial<typeof real> = {
    open: async (path, flags, mode) => {
      const name = recorder.nameOf(String(path))
      const handle = await real.open(path, flags, mode)
      if (typeof flags === 'number' && (flags & constants.O_CREAT) !== 0) {
        recorder.files.set(name, name)
        record({ kind: 'create', name, file: name })
      }
      return watched(handle, name, fileAt(name))
    },
    mkdir: (async (path: string, options: unknown) => {
      await real.mkdir(path, options as never)
      record({ kind: 'mkdir', name: recorder.nameOf(path) })
    }) as typeof real.mkdir,
    copyFile: async () => {
      throw Object.assign(new Error('ENOTSUP'), { code: 'ENOTSUP', errno: -95 })
    },
    link: async (from, to) => {
      if (!recorder.linksWork) throw Object.assign(new Error('EPERM'), { code: 'EPERM', errno: -1 })
      await real.link(from, to)
      const name = recorder.nameOf(String(to))
      const file = fileAt(recorder.nameOf(String(from)))
      recorder.files.set(name, file)
      record({ kind: 'link', name, file })
    },
    rename: async (from, to) => {
      await real.rename(from, to)
      const [source, name] = [recorder.nameOf(String(from)), recorder.nameOf(String(to))]
      const file = fileAt(source)
      recorder.files.set(name, file)
      record({ kind: 'rename', from: source, name, file })
    },
    unlink: async (path) => {
      await real.unlink(path)
      record({ kind: 'unlink', name: recorder.nameOf(String(path)) })
    },
  }
  return { ...real, ...replaced }
})

const FINAL = 'vault/chunks/aa/x.tcf'
const MIB = 1024 * 1024
const pieces = ['first ', 'second', 'third ']
const body = Buffer.concat(pieces.map((piece) => Buffer.alloc(MIB, piece.padEnd(8))))

let parent: string

beforeEach(async () => {
  parent = await realpath(await mkdtemp(path.join(tmpdir(), 'tharsis-crash-')))
  await mkdir(path.join(parent, 'vault'))
  const anchor = new RegExp('^/proc/self/fd/\\d+')
  recorder.nameOf = (path) => path.replace(anchor, `${parent}/vault`).slice(parent.length + 1)
  recorder.files.clear()
  recorder.linksWork = true
})

afterEach(async () => {
  recorder.operations = undefined
  await rm(parent, { recursive: true })
})

type Way = 'link' | 'rename' | 'linked file'

/** The operations of one put into a new folder, in the order in which the store made them. */
async function recordPut(way: Way): Promise<FileOperation[]> {
  recorder.linksWork = way !== 'rename'
  const store = await openDirectoryStore(path.join(parent, 'vault'), { clock: systemClock, random: systemRandom })
  await store.put('chunks/first', Buffer.from('warm'))
  const operations: FileOperation[] = []
  const file = path.join(parent, 'body')
  if (way === 'linked file') {
    await writeFile(file, body, { mode: 0o600 })
    operations.push({ kind: 'create', name: 'body', file: 'body' })
    for (const bytes of pieces) operations.push({ kind: 'write', file: 'body', bytes })
  }
  recorder.operations = operations
  expect(
    await store.put('chunks/aa/x.tcf', way === 'linked file' ? { path: file, sizeBytes: body.length } : body),
  ).toBe(true)
  operations.push({ kind: 'acknowledged' })
  recorder.operations = undefined
  await store.close()
  return operations
}

interface Findings {
  states: number
  /** States with partial bytes under the final name. */
  partial: number
  /** States in which an acknowledged object is not there whole. */
  lost: number
}

function search(operations: readonly FileOperation[]): Findings {
  const findings: Findings = { states: 0, partial: 0, lost: 0 }
  for (const state of enumerateCrashStates(operations, ['', 'vault', 'vault/chunks'])) {
    const found = state.read(FINAL)
    const isWhole = found !== undefined && found.join() === pieces.join()
    findings.states++
    if (found !== undefined && !isWhole) findings.partial++
    if (state.acknowledged && !isWhole) findings.lost++
  }
  return findings
}

function without(
  operations: readonly FileOperation[],
  isLeftOut: (operation: FileOperation) => boolean,
): FileOperation[] {
  const rest = operations.filter((operation) => !isLeftOut(operation))
  expect(rest.length).toBeLessThan(operations.length)
  return rest
}

const posix = needsThat(process.platform !== 'win32', 'folders cannot be synced on Windows')

describe.each(['link', 'rename', 'linked file'] as const)('a put that publishes by %s', posix, (way) => {
  test('survives a power cut after each of its operations', async () => {
    const operations = await recordPut(way)
    const published = operations.filter((operation) => operation.kind === (way === 'rename' ? 'rename' : 'link'))
    expect(published).toMatchObject([{ name: FINAL }])
    const findings = search(operations)
    expect(findings.states).toBeGreaterThan(60)
    expect(findings).toMatchObject({ partial: 0, lost: 0 })
  })

  test('without the sync of the file, or with its failure passed over, partial bytes show', async () => {
    const operations = without(await recordPut(way), (operation) => operation.kind === 'sync')
    const findings = search(operations)
    expect(findings.partial).toBeGreaterThan(0)
    expect(findings.lost).toBeGreaterThan(0)
  })

  test('without the sync of the folder, what was acknowledged is lost', async () => {
    const folder = folderOf(FINAL)
    const operations = without(
      await recordPut(way),
      (operation) => operation.kind === 'sync-folder' && operation.name === folder,
    )
    const findings = search(operations)
    expect(findings.partial).toBe(0)
    expect(findings.lost).toBeGreaterThan(0)
  })

  test('without the sync of the parent of the new folder, what was acknowledged is lost', async () => {
    const parentFolder = folderOf(folderOf(FINAL))
    const operations = without(
      await recordPut(way),
      (operation) => operation.kind === 'sync-folder' && operation.name === parentFolder,
    )
    const findings = search(operations)
    expect(findings.partial).toBe(0)
    expect(findings.lost).toBeGreaterThan(0)
  })

  test('with the file synced only after the final name is given, partial bytes show', async () => {
    const operations = await recordPut(way)
    const syncs = operations.filter((operation) => operation.kind === 'sync')
    const late = [
      ...without(operations, (operation) => operation.kind === 'sync').slice(0, -1),
      ...syncs,
      { kind: 'acknowledged' } as const,
    ]
    const findings = search(late)
    expect(findings.partial).toBeGreaterThan(0)
    expect(findings.lost).toBe(0)
  })
})

test('bytes written under the final name at once are partial after some power cuts', () => {
  const operations: FileOperation[] = [
    { kind: 'mkdir', name: folderOf(FINAL) },
    { kind: 'sync-folder', name: folderOf(folderOf(FINAL)) },
    { kind: 'create', name: FINAL, file: FINAL },
    ...pieces.map((bytes) => ({ kind: 'write', file: FINAL, bytes }) as const),
    { kind: 'sync', file: FINAL },
    { kind: 'sync-folder', name: folderOf(FINAL) },
    { kind: 'acknowledged' },
  ]
  const findings = search(operations)
  expect(findings.partial).toBeGreaterThan(0)
  expect(findings.lost).toBe(0)
})
