import { randomInt } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MadeVault } from '../../test/support/made-vault.ts'
import type { PlannedEntry } from '../../test/support/point-tree.ts'
import { AgentError } from '../base/agent-error.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { createTask } from '../base/task.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import { blockIdSizeBytes, extentHeaderSizeBytes } from '../format/chunk-file.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import { assertInvariants } from './assert-invariants.ts'
import { checkVault, type VaultCheck } from './check-vault.ts'

let made: MadeVault
let dataFiles: readonly CompleteChunkFile[]
let treeFiles: readonly CompleteChunkFile[]

/** Incompressible, different for each seed, the same every time. */
function contentOf(seed: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let state = seed * 2654435761 + 1
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

const big = (seed: number) => contentOf(seed, 300_000)
const file = (name: string, ...content: (Buffer | number)[]): PlannedEntry => ({ name, type: 'file', content })
const folder = (name: string, ...children: PlannedEntry[]): PlannedEntry => ({ name, type: 'directory', children })

const unchanged = folder('deep', folder('er', file('same', big(1), 5000, big(2)), file('small', contentOf(3, 100))))
const first = [unchanged, file('a', big(4)), file('empty'), file('twin', big(4))]
const second = [unchanged, file('a', big(5)), file('b', contentOf(6, 50)), file('many', ...manyParts())]

/** More parts than an entry holds: they stand in a list of their own. */
function manyParts(): Buffer[] {
  return Array.from({ length: 100 }, (_, index) => contentOf(1000 + index, 64))
}

async function check(readDataPercent = 100, of = made): Promise<VaultCheck> {
  using task = createTask({ clock: systemClock })
  return await checkVault({ vault: of.vault, readDataPercent, task })
}

beforeEach(async () => {
  made = await MadeVault.make()
  await made.addPoint(first)
  await made.addPoint(second)
  dataFiles = made.chunkFiles.filter(({ kind }) => kind === 'data')
  treeFiles = made.chunkFiles.filter(({ kind }) => kind === 'tree')
})

afterEach(() => made[Symbol.dispose]())

function flip(name: string, bit: number, of = made): void {
  of.store.damage(name, (bytes) => {
    bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
    return bytes
  })
}

/** Which files of which points need each block, by hand. */
function usersOf(ids: ReadonlySet<string>): { readonly points: string[]; readonly files: string[] } {
  const files = new Set<string>()
  const points = new Set<string>()
  for (const [index, children] of [first, second].entries()) {
    const walk = (entries: readonly PlannedEntry[], path: string): void => {
      for (const { name, content, children: below } of entries) {
        const isHit = content?.some(
          (piece) => typeof piece !== 'number' && ids.has(made.tree.put(piece).toString('hex')),
        )
        if (isHit) files.add(`docs:${path}/${String(name)}`)
        if (isHit) points.add(made.points[index]?.id ?? '')
        walk(below ?? [], `${path}/${String(name)}`)
      }
    }
    walk(children, '/src')
  }
  return { points: [...points].sort(), files: [...files].sort() }
}

function extentsOf(chunk: CompleteChunkFile) {
  const { extents, ids } = decodeBlockTable(chunk.table)
  let block = 0
  return extents.map((extent) => {
    const begin = block
    block += extent.blockCount
    const names = Array.from({ length: extent.blockCount }, (_, index) => {
      const at = (begin + index) * blockIdSizeBytes
      return Buffer.from(ids.subarray(at, at + blockIdSizeBytes)).toString('hex')
    })
    return { ...extent, end: extent.offset + extentHeaderSizeBytes + extent.storedSizeBytes, ids: new Set(names) }
  })
}

describe('a whole vault', () => {
  test('is whole at every percentage, and every byte of it is read at 100', async () => {
    for (const percent of [0, 1, 50, 100]) {
      const found = await check(percent)
      expect(found.damaged).toEqual([])
      expect(found.remarks).toEqual([])
      expect(found).toMatchObject({ chunkFiles: 4 })
      expect(found.points).toHaveLength(2)
      expect(found.chunkFilesRead).toBe({ 0: 2, 1: 3, 50: 3, 100: 4 }[percent])
      expect(found.objects).toBe((await made.names()).length)
    }
    await assertInvariants(made.vault)
  })

  test('leftovers are remarks', async () => {
    await made.addPoint([file('new', big(9))], false)
    await made.writeNew('data', made.tree.fileBlocks.slice(0, 1))
    await made.store.put(`${made.vault.layout.root}guard/000000000000`, Buffer.from('later'))
    await made.store.put(`${made.vault.layout.intents}x`, Buffer.from('intent'))
    const { damaged, remarks } = await check()
    expect(damaged).toEqual([])
    expect(remarks).toHaveLength(4)
    await assertInvariants(made.vault)
  })

  test('a vault that goes away stops the check with its error', async () => {
    made.store.setAbsent(true)
    await expect(check()).rejects.toMatchObject({ code: 'vault.unreachable' })
  })

  test('an abort stops the check with its reason', async () => {
    const controller = new AbortController()
    using task = createTask({
      clock: systemClock,
      signal: controller.signal,
      onProgress: ({ bytesDone }) => {
        if (bytesDone > 0) controller.abort(new Error('enough'))
      },
    })
    const run = checkVault({ vault: made.vault, readDataPercent: 100, task })
    controller.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
  })

  test('the progress ends where it was expected to', async () => {
    using task = createTask({ clock: systemClock })
    await checkVault({ vault: made.vault, readDataPercent: 100, task })
    expect(task.progress.bytesExpected).toBe(made.chunkFiles.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
    expect(task.progress.bytesDone).toBe(task.progress.bytesExpected)
  })
})

describe('one flipped bit', () => {
  test('every bit of every small object is found in that object', async () => {
    using small = await MadeVault.make()
    await small.addPoint([file('a', contentOf(1, 20))])
    const names = (await small.names()).filter((name) => !name.endsWith('.tcf'))
    expect(names).toHaveLength(10)
    const missed: string[] = []
    for (const name of names) {
      const { sizeBytes } = (await small.store.stat(name)) as { sizeBytes: number }
      for (let bit = 0; bit < sizeBytes * 8; bit++) {
        flip(name, bit, small)
        const { damaged } = await check(0, small)
        flip(name, bit, small)
        const found = damaged.find(({ object }) => object === name)
        const hurtsPoint = name.includes('/points/') || name.includes('/index/')
        if (found === undefined || found.files.includes('docs:…') !== hurtsPoint) missed.push(`${name} bit ${bit}`)
      }
    }
    expect(missed).toEqual([])
  }, 400_000)

  test('64 random bits of each chunk file are found at their extent, with the right points and files', async () => {
    for (const chunk of dataFiles) {
      for (let round = 0; round < 64; round++) {
        const bit = randomInt(chunk.sizeBytes * 8)
        const note = `${chunk.name} bit ${bit}`
        flip(made.objectOf(chunk), bit)
        const { damaged } = await check()
        flip(made.objectOf(chunk), bit)
        expect(damaged, `${note}`).toHaveLength(1)
        const hit = extentsOf(chunk).find(({ offset, end }) => bit >>> 3 >= offset && bit >>> 3 < end)
        const { points, files } = usersOf(hit?.ids ?? new Set())
        expect(damaged[0], `${note}`).toMatchObject({ object: made.objectOf(chunk), points, files })
        if (hit !== undefined) expect(damaged[0]?.offset, `${note}`).toBe(hit.offset)
        else {
          expect(damaged[0]?.reason, `${note}`).toMatch(
            /^(header|block table|footer).*found through the index all the same/,
          )
        }
      }
    }
    expect((await check()).damaged).toEqual([])
  }, 120_000)

  test('random bits of tree files are found without reading data, and hurt whole directories', async () => {
    const hurt = new Set<string>()
    for (const chunk of treeFiles) {
      const end = extentsOf(chunk).at(-1)?.end ?? 0
      for (let round = 0; round < 64; round++) {
        const bit = randomInt(chunk.sizeBytes * 8)
        const note = `${chunk.name} bit ${bit}`
        flip(made.objectOf(chunk), bit)
        const { damaged } = await check(0)
        flip(made.objectOf(chunk), bit)
        expect(damaged, `${note}`).toHaveLength(1)
        const isExtent = bit >>> 3 >= 512 && bit >>> 3 < end
        expect(damaged[0], `${note}`).toMatchObject({ object: made.objectOf(chunk) })
        expect((damaged[0]?.files.length ?? 0) > 0, `${note}`).toBe(isExtent)
        for (const shown of damaged[0]?.files ?? []) hurt.add(shown)
      }
    }
    // All pages of a point lie in one extent here: the root list is lost with it.
    expect([...hurt].sort()).toEqual(expect.arrayContaining(['docs:…']))
  }, 60_000)
})

describe('chunk files', () => {
  test('cut off: found at its end without reading data, with every file behind', async () => {
    const chunk = dataFiles[0] as CompleteChunkFile
    const whole = await made.store.get(made.objectOf(chunk))
    const extents = extentsOf(chunk)
    for (const length of [
      0,
      1,
      511,
      512,
      700,
      200_000,
      chunk.sizeBytes - 513,
      chunk.sizeBytes - 512,
      chunk.sizeBytes - 1,
    ]) {
      made.store.damage(made.objectOf(chunk), () => Buffer.from(whole.subarray(0, length)))
      const lost = new Set(extents.filter(({ end }) => end > length).flatMap(({ ids }) => [...ids]))
      const { points, files } = usersOf(lost)
      for (const percent of [0, 100]) {
        const { damaged } = await check(percent)
        const found = damaged.find(({ offset }) => offset === length)
        expect(found, `${length}`).toMatchObject({ object: made.objectOf(chunk), points, files })
      }
    }
    made.store.damage(made.objectOf(chunk), () => Buffer.concat([whole, Buffer.from('more')]))
    expect((await check(0)).damaged).toMatchObject([{ offset: chunk.sizeBytes, files: [], points: [] }])
  })

  test('missing: every file of it is affected', async () => {
    const chunk = dataFiles[0] as CompleteChunkFile
    await made.store.delete(made.objectOf(chunk))
    const ids = new Set(extentsOf(chunk).flatMap((extent) => [...extent.ids]))
    const { points, files } = usersOf(ids)
    expect(files).toEqual(['docs:/src/a', 'docs:/src/deep/er/same', 'docs:/src/deep/er/small', 'docs:/src/twin'])
    const reason = 'the chunk file is missing'
    expect((await check(0)).damaged).toEqual([
      { object: made.objectOf(chunk), offset: 0, reason, points, files, state: 'open' },
    ])
    await expect(assertInvariants(made.vault)).rejects.toThrow(/I1: .*docs:\/src\/a/)
  })

  test('a missing tree file hurts the points that rest on it', async () => {
    await made.store.delete(made.objectOf(treeFiles[1] as CompleteChunkFile))
    const { damaged } = await check(0)
    expect(damaged).toMatchObject([{ points: [made.points[1]?.id], files: ['docs:…'] }])
  })

  test('a damaged block that is whole elsewhere hurts nobody, and is still told', async () => {
    const chunk = dataFiles[0] as CompleteChunkFile
    const [extent] = extentsOf(chunk)
    await made.writeIndex(await made.writeNew('data', [...(extent?.ids ?? [])]))
    flip(made.objectOf(chunk), ((extent?.offset ?? 0) + 30) * 8)
    const found = await check()
    expect(found.damaged).toMatchObject([
      { object: made.objectOf(chunk), offset: extent?.offset, points: [], files: [] },
    ])
    expect(found.damaged[0]?.reason).toContain('whole in other chunk files')
    flip(made.objectOf(made.chunkFiles.at(-1) as CompleteChunkFile), 600 * 8)
    const both = await check()
    expect(both.damaged).toHaveLength(2)
    for (const { files } of both.damaged) expect(files).toEqual(usersOf(extent?.ids ?? new Set()).files)
  })

  test('a short one of which one extent cannot be read: what can be is read all the same', async () => {
    const chunk = dataFiles[0] as CompleteChunkFile
    const object = made.objectOf(chunk)
    const [extent] = extentsOf(chunk)
    const bad = (extent?.offset ?? 0) + 1
    const { store, keys, id } = made.vault
    const get: ObjectStore['get'] = async (name, options) => {
      const { offset = 0, sizeBytes = Number.POSITIVE_INFINITY } = options?.range ?? {}
      const isHit = name === object && offset <= bad && bad < offset + sizeBytes
      if (isHit) throw new AgentError('store.failed', { address: 'here', reason: 'a bad sector' })
      return await store.get(name, options)
    }
    using task = createTask({ clock: systemClock })
    const vault = new Vault({ store: { ...store, get }, id, keys, random: systemRandom })
    const { damaged } = await checkVault({ vault, readDataPercent: 100, task })
    expect(damaged).toMatchObject([{ object, offset: extent?.offset, files: usersOf(extent?.ids ?? new Set()).files }])
    expect(damaged[0]?.reason).toContain('a bad sector')
  })

  test('long ones are read once, but for header, table and footer', async () => {
    await made.addPoint([file('long', contentOf(100, 3_000_000))])
    const chunk = made.chunkFiles.find(({ sizeBytes }) => sizeBytes > 2 ** 21) as CompleteChunkFile
    const { store, keys, id } = made.vault
    let bytesRead = 0
    const get: ObjectStore['get'] = async (name, options) => {
      const bytes = await store.get(name, options)
      if (name === made.objectOf(chunk)) bytesRead += bytes.length
      return bytes
    }
    using task = createTask({ clock: systemClock })
    const vault = new Vault({ store: { ...store, get }, id, keys, random: systemRandom })
    expect(await checkVault({ vault, readDataPercent: 100, task })).toMatchObject({ damaged: [] })
    expect(bytesRead).toBeGreaterThan(chunk.sizeBytes)
    expect(bytesRead).toBeLessThan(chunk.sizeBytes + 5000)
  })

  test('a body that comes one byte short, once, is asked for again', async () => {
    for (const chunk of [...dataFiles, ...treeFiles]) {
      const object = made.objectOf(chunk)
      const { store, keys, id } = made.vault
      let isShort = false
      const get: ObjectStore['get'] = async (name, options) => {
        const bytes = await store.get(name, options)
        if (name !== object || isShort) return bytes
        isShort = true
        return Buffer.from(bytes.subarray(0, -1))
      }
      using task = createTask({ clock: systemClock })
      const vault = new Vault({ store: { ...store, get }, id, keys, random: systemRandom })
      expect(await checkVault({ vault, readDataPercent: 100, task })).toMatchObject({ damaged: [], chunkFilesRead: 4 })
      expect(isShort).toBe(true)
    }
  })

  test('through a store two long ones are read at the same time, also with short ones between them', async () => {
    for (let point = 0; point < 3; point++) {
      await made.addPoint([file('long', contentOf(100 + point, 1_500_000))])
      await made.addPoint([file('short', contentOf(200 + point, 50_000))])
    }
    const long = new Set(
      made.chunkFiles.filter(({ sizeBytes }) => sizeBytes > 2 ** 20).map((one) => made.objectOf(one)),
    )
    expect(long.size).toBe(3)
    const { store, keys, id } = made.vault
    const underWay = new Map<string, number>()
    let most = 0
    const get: ObjectStore['get'] = async (name, options) => {
      if (!long.has(name)) return await store.get(name, options)
      underWay.set(name, (underWay.get(name) ?? 0) + 1)
      most = Math.max(most, underWay.size)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      const left = (underWay.get(name) ?? 0) - 1
      if (left === 0) underWay.delete(name)
      else underWay.set(name, left)
      return await store.get(name, options)
    }
    using task = createTask({ clock: systemClock })
    const vault = new Vault({ store: { ...store, get }, id, keys, random: systemRandom })
    expect(await checkVault({ vault, readDataPercent: 100, task })).toMatchObject({ damaged: [], chunkFilesRead: 16 })
    expect(most).toBe(2)
  })

  test('exchanged for each other: both are found', async () => {
    const [a, b] = dataFiles.map((chunk) => made.objectOf(chunk)) as [string, string]
    await swap(a, b)
    const objects = new Set((await check()).damaged.map(({ object }) => object))
    expect(objects).toEqual(new Set([a, b]))
  })
})

describe('missing and exchanged objects', () => {
  test('two points under each other’s names', async () => {
    const [a, b] = made.points.map(({ item, sequence, id }) => made.vault.layout.point(item, sequence, id)) as [
      string,
      string,
    ]
    await swap(a, b)
    const { damaged } = await check(0)
    expect(damaged).toMatchObject([
      { object: a, points: [made.points[0]?.id], files: ['docs:…'] },
      { object: b, points: [made.points[1]?.id], files: ['docs:…'] },
    ])
  })

  test('a point, its confirmation, an index segment, definitions, slots that are gone', async () => {
    const [point] = made.points
    const { layout } = made.vault
    const name = layout.point(point?.item ?? madeUp, point?.sequence ?? 0, point?.id ?? madeUp)
    const slots = await made.names(layout.keys)
    const cases: [names: string[], object: string][] = [
      [[name], name],
      [[`${name}.ok`], `${name}.ok`],
      [[layout.indexSegment(0)], layout.indexSegment(0)],
      [[layout.definition(0)], layout.definition(0)],
      [slots, layout.keys.slice(0, -1)],
      [[name, `${name}.ok`], layout.point(made.points[1]?.item ?? madeUp, 2, made.points[1]?.id ?? madeUp)],
    ]
    for (const [gone, object] of cases) {
      const kept = await Promise.all(gone.map((each) => made.store.get(each)))
      for (const each of gone) await made.store.delete(each)
      const found = await check(0)
      expect(found.damaged.map((damage) => damage.object)).toContain(object)
      for (const [index, bytes] of kept.entries()) await made.store.put(gone[index] as string, bytes)
    }
    expect((await check(0)).damaged).toEqual([])
  })

  test('without its index segment every file that only it knows is affected', async () => {
    const { layout } = made.vault
    await made.store.delete(layout.indexSegment(1))
    const { damaged, remarks } = await check(0)
    const index = layout.index.slice(0, -1)
    expect(damaged).toMatchObject([{ object: index, points: [made.points[1]?.id], files: ['docs:…'] }])
    expect(remarks).toHaveLength(1)
    await made.store.put(layout.indexSegment(1), Buffer.from('THARSISO'))
    expect((await check(0)).damaged).toMatchObject([{ object: layout.indexSegment(1), files: ['docs:…'] }])
  })

  test('garbage under names of points, segments and chunk files', async () => {
    const { layout } = made.vault
    const bogus = layout.point(made.points[0]?.item ?? madeUp, 77, 'b'.repeat(32) as never)
    await made.store.put(bogus, Buffer.from('garbage'))
    await made.store.put(layout.indexSegment(2), Buffer.alloc(500, 7))
    await made.store.put(layout.chunk('c'.repeat(64) as never), Buffer.alloc(3))
    const { damaged } = await check()
    expect(damaged.map(({ object, files }) => [object, files])).toEqual([
      [layout.indexSegment(2), []],
      [bogus, []],
    ])
  })
})

const madeUp = '0'.repeat(32) as never

async function swap(a: string, b: string): Promise<void> {
  const [left, right] = [await made.store.get(a), await made.store.get(b)]
  made.store.damage(a, () => right)
  made.store.damage(b, () => left)
}
