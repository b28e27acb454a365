import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChunkedPoint, putInChunkFiles } from '../../test/support/chunked-point.ts'
import { type PlannedEntry, PointTree, wideTree } from '../../test/support/point-tree.ts'
import { describeTree, expectedTree, RestorePlace } from '../../test/support/restore-place.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { type ChunkSource, folderSource } from '../cache/chunk-reader.ts'

let point: PointTree
let place: RestorePlace
let chunks: TestFolder
let chunked: ChunkedPoint | undefined
/** Blocks that the main thread was asked for. */
let asked: string[]

beforeEach(() => {
  point = new PointTree()
  place = new RestorePlace(point)
  chunks = new TestFolder()
  chunked = undefined
  asked = []
})

afterEach(() => {
  chunked?.[Symbol.dispose]()
  chunks[Symbol.dispose]()
  place[Symbol.dispose]()
})

/** The root of a point whose blocks stand in chunk files. */
function rootOf(docs: PlannedEntry, sources?: readonly ChunkSource[]) {
  const root = point.root({ '/home/u/docs': docs })
  chunked = putInChunkFiles(point, chunks.path, sources)
  const pages = new Set(point.blocks.keys())
  for (const id of point.fileBlocks) pages.delete(id)
  point.onRead = (id) => {
    if (!pages.has(id)) asked.push(id)
  }
  return root
}

function withFiles(...more: PlannedEntry[]): PlannedEntry {
  const docs = wideTree()
  return { ...docs, children: [...(docs.children ?? []), ...more] }
}

const fileLines = (lines: readonly string[]): string[] => lines.filter((line) => line.split(' ').includes('file'))

describe('workers restore what is new', () => {
  test('everything comes back; the main thread reads no block', async () => {
    const hole = 300_000
    const docs = withFiles(
      { name: 'sparse', type: 'file', content: [Buffer.from('a'), hole, Buffer.from('b'), hole], sparse: true },
      { name: 'zeros', type: 'file', content: [Buffer.from('a'), hole, Buffer.from('b'), hole] },
      { name: 'times', type: 'file', content: [Buffer.from('t')], mtime: { sec: -5, ns: 999_999_999 } },
      { name: 'mode', type: 'file', content: [Buffer.from('m')], posix: { mode: 0o755 } },
    )
    const root = rootOf(docs)
    const result = await place.restore(root)
    expect(result.task.warnings).toEqual([])
    expect(result).toMatchObject({ new: 604, failed: 0, folders: 12 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(asked).toEqual([])
    expect(result.task.progress).toMatchObject({ filesDone: 617, filesExpected: 617 })
    expect(result.task.progress.bytesDone).toBe(result.task.progress.bytesExpected)
    expect(statSync(place.at('sparse')).blocks).toBeLessThan(statSync(place.at('zeros')).blocks)
    expect(await place.restore(root)).toMatchObject({ same: 604, new: 0, failed: 0 })
  })

  test('a large file is shared by all of them, holes and all', async () => {
    const block = (fill: number): Buffer => Buffer.alloc(1024 * 1024, `${fill} `)
    const content = Array.from({ length: 80 }, (_, index) => (index % 10 === 9 ? 3_000_001 : block(index)))
    const docs: PlannedEntry = {
      name: 'docs',
      type: 'directory',
      children: [
        { name: 'full', type: 'file', content },
        { name: 'sparse', type: 'file', content, sparse: true },
      ],
    }
    expect(await place.restore(rootOf(docs))).toMatchObject({ new: 2, failed: 0 })
    expect(asked).toEqual([])
    const expected = Buffer.concat(content.map((piece) => (typeof piece === 'number' ? Buffer.alloc(piece) : piece)))
    expect(readFileSync(place.at('full')).equals(expected)).toBe(true)
    expect(readFileSync(place.at('sparse')).equals(expected)).toBe(true)
    const saved = (statSync(place.at('full')).blocks - statSync(place.at('sparse')).blocks) * 512
    expect(saved).toBeGreaterThan(8 * 2_900_000)
  })

  test('what is there stays, and what is missing beside it is made', async () => {
    const docs = wideTree()
    mkdirSync(place.at('folder 3'), { recursive: true })
    writeFileSync(place.at('folder 3', 'file 7'), 'mine')
    writeFileSync(place.at('folder 3', 'other'), 'mine')
    const result = await place.restore(rootOf(docs))
    expect(result).toMatchObject({ new: 599, copied: 1, failed: 0 })
    expect(readFileSync(place.at('folder 3', 'file 7'), 'utf8')).toBe('mine')
    expect(readFileSync(place.at('folder 3', 'other'), 'utf8')).toBe('mine')
    expect(statSync(place.at('folder 3')).mode & 0o7777).toBe(0o751)
  })

  test('metadata that is left out is told, then summed up', async () => {
    const children = Array.from({ length: 300 }, (_, index): PlannedEntry => {
      return { name: `f${index}`, type: 'file', content: [Buffer.from('x')], posix: { mode: 0o4755 } }
    })
    const result = await place.restore(rootOf({ name: 'docs', type: 'directory', children }), { special: false })
    expect(result).toMatchObject({ new: 300, failed: 0 })
    expect(result.task.warnings).toHaveLength(11)
    expect(result.task.warnings.at(-1)?.message).toContain(
      'on request only: set-user-id and set-group-id bits: 290 more entries',
    )
    expect(statSync(place.at('f0')).mode & 0o7777).toBe(0o755)
  })
})

describe('what workers cannot do, the main thread does', () => {
  test('a chunk file that is gone or cut off: other copies are asked for', async () => {
    const docs = withFiles({
      name: 'large',
      type: 'file',
      content: Array.from({ length: 40 }, (_, index) => Buffer.alloc(2 ** 20, index)),
    })
    const root = rootOf(docs)
    const [first, second] = chunked?.files ?? []
    rmSync(first?.path ?? '')
    truncateSync(second?.path ?? '', 2000)
    const result = await place.restore(root)
    expect(result.task.warnings).toEqual([])
    expect(result).toMatchObject({ new: 601, failed: 0 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(asked.length).toBeGreaterThan(500)
  })

  test('a block that is lost everywhere costs its file only', async () => {
    const docs = withFiles({ name: 'lost', type: 'file', content: [Buffer.from('nowhere to be found')] })
    const root = point.root({ '/home/u/docs': docs })
    const lost = point.fileBlocks.at(-1) ?? ''
    point.blocks.delete(lost)
    chunked = putInChunkFiles(point, chunks.path)
    const result = await place.restore(root)
    expect(result).toMatchObject({ new: 600, failed: 1 })
    expect(result.task.warnings).toMatchObject([{ code: 'file.damaged', path: '/home/u/docs/lost' }])
  })

  test('a block with other bytes than its id says is never published', async () => {
    const docs = withFiles({ name: 'wrong', type: 'file', content: [Buffer.from('right bytes')] })
    const root = point.root({ '/home/u/docs': docs })
    point.blocks.set(point.fileBlocks.at(-1) ?? '', Buffer.from('wrong bytes'))
    chunked = putInChunkFiles(point, chunks.path)
    const result = await place.restore(root)
    expect(result).toMatchObject({ new: 600, failed: 1 })
    expect(result.task.warnings).toMatchObject([{ code: 'file.damaged', path: '/home/u/docs/wrong' }])
    expect(describeTree(place.target).filter((line) => line.startsWith('/wrong'))).toEqual([])
  })
})

describe('a vault that is no folder', () => {
  /** Answers late, as something far away does; `give` may refuse, or change what it gives. */
  function farAway(give: (bytes: Buffer, call: number) => Buffer | undefined = (bytes) => bytes) {
    const folder = folderSource(chunks.path)
    const seen = { calls: 0, extents: new Set<string>(), underWay: 0, mostUnderWay: 0 }
    const source: ChunkSource = {
      label: 'vault',
      read: async (name, offset, sizeBytes) => {
        seen.extents.add(`${name} ${offset}`)
        const call = ++seen.calls
        seen.mostUnderWay = Math.max(seen.mostUnderWay, ++seen.underWay)
        await new Promise((resolve) => setImmediate(resolve))
        seen.underWay--
        const bytes = await folder.read(name, offset, sizeBytes)
        return bytes && give(bytes, call)
      },
    }
    return { seen, sources: [folderSource(chunks.at('empty cache')), source] }
  }

  const docsWithLarge = (): PlannedEntry => {
    const content = Array.from({ length: 60 }, (_, index) => Buffer.alloc(2 ** 20, `${index} `))
    return withFiles(
      { name: 'large', type: 'file', content },
      { name: 'small', type: 'file', content: content.slice(3, 5) },
    )
  }

  test('extents are fetched side by side, each once, and workers do the rest', async () => {
    const docs = docsWithLarge()
    const { seen, sources } = farAway()
    const result = await place.restore(rootOf(docs, sources))
    expect(result.task.warnings).toEqual([])
    expect(result).toMatchObject({ new: 602, failed: 0 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(asked).toEqual([])
    expect(seen.extents.size).toBeGreaterThan(60)
    expect(seen.calls).toBe(seen.extents.size)
    expect(seen.mostUnderWay).toBeGreaterThan(4)
    expect(seen.mostUnderWay).toBeLessThanOrEqual(16)
  })

  test('a file of more than is fetched for one worker is shared by all of them', async () => {
    const content = Array.from({ length: 20 }, () => randomBytes(2 ** 20))
    const docs = withFiles({ name: 'photograph', type: 'file', content })
    const { seen, sources } = farAway()
    const result = await place.restore(rootOf(docs, sources))
    expect(result.task.warnings).toEqual([])
    expect(result).toMatchObject({ new: 601, failed: 0 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(asked).toEqual([])
    expect(seen.calls).toBe(seen.extents.size)
  })

  test.each<[string, (bytes: Buffer, call: number) => Buffer | undefined]>([
    ['gone', () => undefined],
    ['damaged', (bytes) => bytes.fill(0, 40, 41)],
    ['cut off', (bytes) => bytes.subarray(1)],
  ])('what is %s there is looked for in other copies by the main thread', async (_what, give) => {
    const docs = docsWithLarge()
    const { sources } = farAway((bytes, call) => (call % 3 === 0 ? give(bytes, call) : bytes))
    const result = await place.restore(rootOf(docs, sources))
    expect(result.task.warnings).toEqual([])
    expect(result).toMatchObject({ new: 602, failed: 0 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(asked.length).toBeGreaterThan(0)
  })

  test('a source that fails as no source should fails the restore', async () => {
    const { sources } = farAway(() => {
      throw new TypeError('a bug')
    })
    await expect(place.restore(rootOf(docsWithLarge(), sources))).rejects.toThrow('a bug')
  })
})

describe('a restore by workers that is interrupted', () => {
  /** Final names hold whole files with their metadata, and nothing private is left but what a killed run leaves. */
  function expectWholeFiles(docs: PlannedEntry): number {
    const expected = new Set(expectedTree(docs))
    const found = fileLines(describeTree(place.target)).filter((line) => !line.includes('.tharsis-restore'))
    expect(found.filter((line) => !expected.has(line))).toEqual([])
    return found.length
  }

  test('cancelled: what is there is whole, and the next run finishes', async () => {
    const docs = wideTree()
    const root = rootOf(docs)
    const cancel = new AbortController()
    let pages = 0
    point.onRead = () => {
      if (++pages === 9) cancel.abort(new Error('cancelled'))
    }
    await expect(place.restore(root, { signal: cancel.signal })).rejects.toThrow('cancelled')
    expect(describeTree(place.target).filter((line) => line.includes('.tharsis-restore'))).toEqual([])
    const whole = expectWholeFiles(docs)
    expect(whole).toBeLessThan(600)
    point.onRead = () => undefined
    expect(await place.restore(root)).toMatchObject({ same: whole, new: 600 - whole, failed: 0 })
  })

  test('a worker that dies fails the restore', async () => {
    const docs = wideTree()
    const root = rootOf(docs)
    const { extents } = chunked as ChunkedPoint
    const chunkFile = extents.chunkFile.bind(extents)
    extents.chunkFile = (number) => ({ ...chunkFile(number), extents: undefined as never })
    await expect(place.restore(root)).rejects.toMatchObject({ code: 'engine.worker-died' })
    expectWholeFiles(docs)
    expect(describeTree(place.target).filter((line) => line.includes('.tharsis-restore'))).toEqual([])
  })

  test.each([1, 200, 500])('killed after %i entries, the next run finishes it', async (killAfter) => {
    const script = join(import.meta.dirname, '../../test/support/killed-restore.ts')
    const run = spawnSync(process.execPath, [script, place.target, String(killAfter), chunks.path], {
      encoding: 'utf8',
    })
    expect(run.signal, run.stderr).toBe('SIGKILL')
    const docs = wideTree()
    const whole = expectWholeFiles(docs)
    const result = await place.restore(rootOf(docs))
    expect(result).toMatchObject({ failed: 0, copied: 0, overwritten: 0, same: whole })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
  })
})
