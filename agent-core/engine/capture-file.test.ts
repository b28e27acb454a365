import { appendFileSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { needsThat } from '../../test/support/needs.ts'
import { PointTree } from '../../test/support/point-tree.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { AgentError } from '../base/agent-error.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry } from '../format/tree.ts'
import { makeNode } from '../platform/posix.ts'
import { createGearTable } from '../source/split-content.ts'
import { FileSplitter } from '../source/split-file.ts'
import { captureFile } from './capture-file.ts'

const splitter = new FileSplitter(createGearTable(Buffer.alloc(1024, 3)))

function capture(base: BaseDb, path: string, options: { onBlock?: () => void } = {}) {
  const point = new PointTree()
  const sink = {
    putBlock: (bytes: Uint8Array) => {
      options.onBlock?.()
      return point.put(Buffer.from(bytes))
    },
    putPage: (page: Uint8Array) => point.put(page),
  }
  const request = { path: Buffer.from(path).toString('latin1'), volume: 3, previous: undefined }
  return captureFile(request, { splitter, sink, base, skipNoDump: false, isKnown: () => false })
}

function captured(outcome: ReturnType<typeof capture>) {
  if (outcome.state !== 'captured') throw new Error(outcome.state)
  return { ...outcome, entry: decodeEntry(decodeCbor(outcome.encoded, 'entry'), 'entry') }
}

test('a file becomes an entry with its content', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  writeFileSync(folder.at('n\u00ffme'), 'content', { mode: 0o640 })
  const { entry, ...outcome } = captured(capture(base, folder.at('n\u00ffme')))
  expect(outcome).toMatchObject({ sizeBytes: 7, bytesRead: 7, isChanging: false })
  expect(Buffer.from(entry.name).toString()).toBe('n\u00ffme')
  expect(entry).toMatchObject({ type: 'file', sizeBytes: 7, posix: { mode: 0o640 } })
  expect(entry.content?.parts).toHaveLength(1)
  expect(entry).not.toHaveProperty('linkGroup')
})

test('a file with two names tells its link group', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  writeFileSync(folder.at('file'), 'content')
  linkSync(folder.at('file'), folder.at('second'))
  const { entry } = captured(capture(base, folder.at('file')))
  expect(entry.linkGroup).toEqual({ volume: 3, inode: entry.inode })
})

test('what is no file (any more) is told', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  mkdirSync(folder.at('directory'))
  writeFileSync(folder.at('file'), '')
  symlinkSync('file', folder.at('link'))
  makeNode(folder.at('pipe'), 0o010644)
  const state = (...names: readonly string[]) => capture(base, folder.at(...names)).state
  expect(state('absent')).toBe('vanished')
  expect(state('file', 'below')).toBe('vanished')
  expect(state('link')).toBe('replaced')
  expect(state('pipe')).toBe('replaced')
  expect(state('directory')).toBe('replaced')
})

test(
  'a file without the right to read it says so',
  needsThat(process.geteuid?.() !== 0, 'root reads everything'),
  () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    writeFileSync(folder.at('file'), 'secret', { mode: 0 })
    expect(capture(base, folder.at('file'))).toMatchObject({ state: 'unreadable' })
  },
)

test('a file that changes once while it is read is read again', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  writeFileSync(folder.at('file'), 'content')
  let blocks = 0
  const onBlock = () => {
    if (++blocks === 1) appendFileSync(folder.at('file'), ', and more')
  }
  const { entry, isChanging } = captured(capture(base, folder.at('file'), { onBlock }))
  expect({ isChanging, blocks, sizeBytes: entry.sizeBytes }).toEqual({ isChanging: false, blocks: 2, sizeBytes: 17 })
})

test('a file that never stops changing is captured after three readings, and told', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  writeFileSync(folder.at('file'), 'content')
  let blocks = 0
  const onBlock = () => {
    blocks++
    appendFileSync(folder.at('file'), '!')
  }
  const { entry, isChanging } = captured(capture(base, folder.at('file'), { onBlock }))
  expect({ isChanging, blocks, sizeBytes: entry.sizeBytes }).toEqual({ isChanging: true, blocks: 3, sizeBytes: 9 })
})

test('a file that is always cut short has the length of what was read', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  let size = 9 * 1024 * 1024
  writeFileSync(folder.at('file'), Buffer.alloc(size, 'x'))
  const onBlock = () => {
    size = Math.max(size - 1000, 1)
    truncateSync(folder.at('file'), size)
  }
  const { entry, isChanging } = captured(capture(base, folder.at('file'), { onBlock }))
  expect(isChanging).toBe(true)
  const parts = entry.content?.parts as readonly { sizeBytes: number }[]
  expect(parts.reduce((sum, part) => sum + part.sizeBytes, 0)).toBe(entry.sizeBytes)
})

test('what is not the fault of the file is thrown', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  writeFileSync(folder.at('file'), 'content')
  const failing = (error: Error) => () =>
    capture(base, folder.at('file'), {
      onBlock: () => {
        throw error
      },
    })
  expect(failing(new AgentError('cache.full', { path: '/cache' }))).toThrow(
    expect.objectContaining({ code: 'cache.full' }),
  )
  expect(failing(new Error('a bug'))).toThrow('a bug')
})
