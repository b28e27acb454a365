import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import { encodeBlockTable } from '../format/block-table.ts'
import { type PruneInput, planPrune } from './plan-prune.ts'

const keyspace = '1'.repeat(32) as KeyspaceId
const extentBytes = 400_000

/** A chunk file with an extent for each block; `blocks` are numbers that stand for ids. */
function chunkFile(number: number, blocks: readonly number[]) {
  const extents = blocks.map((_, at) => ({
    offset: 512 + at * (extentBytes + 24),
    storedSizeBytes: extentBytes,
    rawSizeBytes: 500_000,
    blockCount: 1,
  }))
  const ids = Buffer.concat(blocks.map((block) => Buffer.alloc(32, block + 1)))
  return {
    name: number.toString(16).padStart(64, '0') as ChunkFileName,
    kind: 'data' as const,
    sizeBytes: 1100 + blocks.length * (extentBytes + 60),
    salt: Buffer.alloc(32),
    epoch: 0,
    table: encodeBlockTable({ extents, ids, lengths: new Uint32Array(blocks.length).fill(500_000) }),
  }
}

function inputOf(files: readonly (readonly number[])[], live: readonly number[], more: Partial<PruneInput> = {}) {
  const made = files.map((blocks, number) => chunkFile(number, blocks))
  const index = new VaultIndex(keyspace, made)
  const needed = new Set(live.map((block) => block + 1))
  const input: PruneInput = {
    index,
    isLive: (block) => needed.has(index.idOf(block)[0] as number),
    listed: new Map(made.map(({ name, sizeBytes }) => [name, { sizeBytes, storedAtMs: 0 }])),
    condemned: new Set(),
    damaged: new Set(),
    condemnedHere: new Set(),
    isIndexWhole: true,
    isSpared: () => false,
    ...more,
  }
  return { input, names: made.map(({ name }) => name), made }
}

test('what nothing needs is dead, what little is needed of is sparse, the rest stays', () => {
  const { input, names } = inputOf([[0, 1], [2, 3, 4, 5], [6]], [2, 6])
  const plan = planPrune(input)
  expect(plan.dead).toEqual([names[0]])
  expect(plan.sparse.map(({ file, kept }) => [file.name, kept])).toEqual([[names[1], [0]]])
  expect(plan.bytesMerged).toBe(extentBytes + 24)
  expect(plan.bytesFreed).toBeLessThan(plan.bytesNow)
})

test('what no segment names goes too; what is spared or announced already does not', () => {
  const { input, names } = inputOf([[0], [1], [2]], [])
  const stray = 'f'.repeat(64) as ChunkFileName
  const listed = new Map([...input.listed, [stray, { sizeBytes: 77, storedAtMs: 0 }]])
  const [first, second] = names as [ChunkFileName, ChunkFileName]
  const condemned = new Set([second])
  const plan = planPrune({ ...input, listed, condemned, condemnedHere: condemned, isSpared: (name) => name === first })
  expect(plan.dead).toEqual([names[2]])
  expect(plan.unindexed).toEqual([stray])
})

test('a copy in a condemned chunk file, or in one that is not there in its length, does not count', () => {
  const { input, names } = inputOf([[0], [0]], [0])
  const [first, second] = names as [ChunkFileName, ChunkFileName]
  expect(planPrune(input).dead).toEqual([first])
  expect(planPrune({ ...input, condemned: new Set([second]) }).dead).not.toContain(first)
  const cut = new Map([...input.listed, [second, { sizeBytes: 5, storedAtMs: 0 }]])
  expect(planPrune({ ...input, listed: cut }).dead).not.toContain(first)
})

test('the share that may stay unused decides how much is merged', () => {
  const files = [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ]
  const { input } = inputOf(files, [0, 4, 5, 6, 8, 9, 10])
  expect(planPrune({ ...input, maxUnusedPercent: 100 }).sparse).toHaveLength(0)
  expect(planPrune(input).sparse).toHaveLength(1)
  expect(planPrune({ ...input, maxUnusedPercent: 0 }).sparse).toHaveLength(3)
})

test('property: every needed block keeps a copy that is neither condemned, damaged nor planned to go, or is merged', () => {
  const block = fc.nat({ max: 9 })
  const files = fc.array(fc.uniqueArray(block, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 })
  const flags = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 })
  const percent = fc.option(fc.nat({ max: 100 }), { nil: undefined })
  fc.assert(
    fc.property(
      files,
      fc.uniqueArray(block),
      fc.record({ foreign: flags, rotten: flags, spared: flags }),
      percent,
      (blocks, live, { foreign, rotten, spared }, maxUnusedPercent) => {
        const { input, names } = inputOf(blocks, live)
        const condemned = new Set(names.filter((_, at) => foreign[at]))
        const damaged = new Set(names.filter((_, at) => rotten[at]))
        const isSpared = (name: ChunkFileName) => spared[names.indexOf(name)] === true
        const plan = planPrune({ ...input, condemned, damaged, isSpared, maxUnusedPercent })
        const going = new Set([...plan.dead, ...plan.unindexed, ...plan.sparse.map(({ file }) => file.name)])
        for (const name of going) expect(isSpared(name) || damaged.has(name)).toBe(false)
        const merged = new Set(plan.sparse.flatMap(({ file, kept }) => kept.map((at) => blocks[file.number]?.[at])))
        const relied = new Set(plan.relied.flatMap(({ file, kept }) => kept.map((at) => blocks[file.number]?.[at])))
        for (const { file } of plan.relied) expect(going.has(file.name)).toBe(false)
        for (const needed of live) {
          const holders = names.filter((_, at) => blocks[at]?.includes(needed))
          const available = holders.filter((name) => !condemned.has(name) && !damaged.has(name))
          if (available.length === 0) continue
          expect(merged.has(needed) || available.some((name) => !going.has(name))).toBe(true)
          // What stands for a copy that goes is read before.
          const goes = available.some((name) => going.has(name))
          if (goes && !merged.has(needed)) expect(relied.has(needed)).toBe(true)
        }
      },
    ),
  )
})
