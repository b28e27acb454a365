import { closeSync, ftruncateSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { toHex } from '../base/bytes.ts'
import type { Part, Splitting } from '../format/tree.ts'
import { createGearTable } from './split-content.ts'
import { FileSplitter, type SplitFile } from './split-file.ts'

const kib = 1024
const mib = 1024 * kib
const gear = createGearTable(
  Buffer.from(Array.from({ length: 1024 }, (_, index) => (index * 197 + (index >> 3)) % 256)),
)
const splitter = new FileSplitter(gear)
const fixed: Splitting = { mode: 'fixed', grainBytes: 64 * kib }

interface Split extends SplitFile {
  readonly parts: readonly Part[]
  /** The content put together from the parts. */
  readonly bytes: Buffer
  readonly blocks: number
}

async function split(
  path: string,
  options: { sizeBytes?: number; previous?: Splitting; name?: string; onBlock?: (count: number) => void } = {},
): Promise<Split> {
  const point = new PointTree()
  const fd = openSync(path, 'r')
  let blocks = 0
  try {
    const result = splitter.split({
      fd,
      name: Buffer.from(options.name ?? 'file'),
      sizeBytes: options.sizeBytes ?? readFileSync(path).length,
      previous: options.previous,
      expectedAt: () => undefined,
      sink: {
        putBlock: (bytes) => {
          blocks++
          options.onBlock?.(blocks)
          return point.put(Buffer.from(bytes))
        },
        putPage: (page) => point.put(page),
      },
    })
    const parts: Part[] = []
    for await (const part of point.tree.parts(result.content)) parts.push(part)
    const pieces = parts.map((part) => {
      const block = part.id === null ? Buffer.alloc(part.sizeBytes) : (point.blocks.get(toHex(part.id)) as Buffer)
      expect(block.length).toBe(part.sizeBytes)
      return block
    })
    return { ...result, parts, bytes: Buffer.concat(pieces), blocks }
  } finally {
    closeSync(fd)
  }
}

/** Bytes that look random and hold no long runs; the same every time. */
function noise(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let state = seed
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    bytes[at] = (state >>> 16) | 1
  }
  return bytes
}
const bigNoise = noise(9 * mib)

describe('the parts are the file, at every border', () => {
  const borders = [512 * kib, 4 * mib, 8 * mib, 64 * kib, 128 * kib]
  const sizes = [0, 1, ...borders.flatMap((size) => [size - 1, size, size + 1])]
  test.each(sizes)('%d bytes, both modes', async (sizeBytes) => {
    using folder = new TestFolder()
    const bytes = bigNoise.subarray(0, sizeBytes)
    writeFileSync(folder.at('file'), bytes)
    for (const previous of [{ mode: 'content' } as const, fixed]) {
      const result = await split(folder.at('file'), { previous })
      expect(result.bytes.equals(bytes)).toBe(true)
      expect(result).toMatchObject({ sizeBytes, bytesRead: sizeBytes, content: { splitting: previous, sparse: false } })
      if (previous.mode === 'fixed') expect(result.blocks).toBe(Math.ceil(sizeBytes / fixed.grainBytes))
      else if (sizeBytes <= 512 * kib) expect(result.blocks).toBe(sizeBytes === 0 ? 0 : 1)
    }
  })
})

test('property: the parts are the file, with holes and without, in both modes', async () => {
  using folder = new TestFolder()
  const stretch = fc.record({
    kind: fc.constantFrom('data', 'hole', 'zeros'),
    sizeBytes: fc.oneof(
      fc.integer({ min: 1, max: 900 * kib }),
      fc.constantFrom(4 * kib, 64 * kib, 256 * kib, 300 * kib),
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(stretch, { maxLength: 8 }), fc.boolean(), async (stretches, isFixed) => {
      const path = folder.at('file')
      const fd = openSync(path, 'w')
      let at = 0
      for (const { kind, sizeBytes } of stretches) {
        if (kind === 'data') writeSync(fd, bigNoise, at % mib, sizeBytes, at)
        if (kind === 'zeros') writeSync(fd, Buffer.alloc(sizeBytes), 0, sizeBytes, at)
        at += sizeBytes
      }
      ftruncateSync(fd, at)
      closeSync(fd)
      const result = await split(path, isFixed ? { previous: fixed } : {})
      expect(result.bytes.equals(readFileSync(path))).toBe(true)
      expect(result.sizeBytes).toBe(at)
      expect(result.bytesRead).toBeLessThanOrEqual(at)
      const ids = result.parts.map(({ id }) => id)
      expect(ids.some((id, index) => id === null && ids[index + 1] === null)).toBe(false)
    }),
    { numRuns: 40 },
  )
})

describe('holes', () => {
  const makeSparse = (path: string, sizeBytes: number, pieces: readonly (readonly [number, number])[]) => {
    const fd = openSync(path, 'w')
    for (const [at, length] of pieces) writeSync(fd, bigNoise, 0, length, at)
    ftruncateSync(fd, sizeBytes)
    closeSync(fd)
  }

  test('a file with many small holes has few blocks, and is still sparse', async () => {
    using folder = new TestFolder()
    makeSparse(
      folder.at('file'),
      3 * mib,
      Array.from({ length: 200 }, (_, index) => [index * 12 * kib, 4 * kib] as const),
    )
    const result = await split(folder.at('file'))
    expect(result.blocks).toBeLessThan(12)
    expect(result.content.sparse).toBe(true)
    expect(result.bytes.equals(readFileSync(folder.at('file')))).toBe(true)
  })

  test('a large hole is not read and ends the block before it', async () => {
    using folder = new TestFolder()
    makeSparse(folder.at('file'), 64 * mib, [
      [0, 64 * kib],
      [32 * mib, 64 * kib],
    ])
    const result = await split(folder.at('file'))
    expect(result.bytesRead).toBe(128 * kib)
    expect(result.parts.map(({ sizeBytes, id }) => [sizeBytes, id === null])).toEqual([
      [64 * kib, false],
      [32 * mib - 64 * kib, true],
      [64 * kib, false],
      [32 * mib - 64 * kib, true],
    ])
  })

  test('zeros that were written are parts without a block, but no holes', async () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), Buffer.alloc(6 * mib))
    expect(await split(folder.at('file'))).toMatchObject({
      blocks: 0,
      bytesRead: 6 * mib,
      parts: [{ sizeBytes: 6 * mib, id: null }],
      content: { sparse: false },
    })
  })
})

describe('the way of splitting', () => {
  test('a disk image is split in fixed blocks, by name or by its first bytes; small ones are not', async () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), bigNoise.subarray(0, 600 * kib)]))
    expect((await split(folder.at('file'))).content.splitting).toEqual(fixed)
    writeFileSync(folder.at('file'), bigNoise.subarray(0, 600 * kib))
    expect((await split(folder.at('file'), { name: 'disk.vmdk' })).content.splitting).toEqual(fixed)
    expect((await split(folder.at('file'))).content.splitting).toEqual({ mode: 'content' })
    truncateSync(folder.at('file'), 512 * kib)
    expect((await split(folder.at('file'), { name: 'disk.vmdk' })).content.splitting).toEqual({ mode: 'content' })
  })

  test('a file once split in fixed blocks keeps mode and grain, one that does not divide the buffer too', async () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), bigNoise)
    const previous = { mode: 'fixed', grainBytes: 3 * mib } as const
    const result = await split(folder.at('file'), { previous })
    expect(result.parts.map(({ sizeBytes }) => sizeBytes)).toEqual([3 * mib, 3 * mib, 3 * mib])
    expect(result.content.splitting).toEqual(previous)
  })
})

describe('a file that is cut short while it is read', () => {
  test.each<[string, Splitting, number]>([
    ['content', { mode: 'content' }, 9 * mib],
    ['fixed', fixed, 9 * mib],
  ])('%s: what was read is kept, and its length is told', async (_mode, previous, sizeBytes) => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), bigNoise)
    const onBlock = (count: number) => {
      if (count === 1) truncateSync(folder.at('file'), 8 * mib + 1000)
    }
    const result = await split(folder.at('file'), { sizeBytes, previous, onBlock })
    expect(result.sizeBytes).toBe(8 * mib + 1000)
    expect(result.bytes.equals(bigNoise.subarray(0, 8 * mib + 1000))).toBe(true)
  })

  test('shorter than was asked for from the beginning', async () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), 'short')
    const result = await split(folder.at('file'), { sizeBytes: 100 })
    expect(result.bytes.toString()).toBe('short')
    expect(result.sizeBytes).toBe(5)
  })
})
