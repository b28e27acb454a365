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
  options: {
    sizeBytes?: number
    previous?: Splitting
    gridOffset?: number
    name?: string
    onBlock?: (count: number) => void
  } = {},
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
      gridOffset: options.gridOffset ?? 0,
      mayHaveHoles: true,
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

describe('segments put together are what one pass makes', () => {
  const segmentBytes = 3 * mib

  /** Splits a file in segments as several workers would; counts those that did not begin where the last one ended. */
  function inSegments(path: string, sizeBytes: number, splitting: Splitting, gridOffset = 0) {
    const point = new PointTree()
    const fd = openSync(path, 'r')
    const take = (from: number, until: number, beginsAtCut: boolean) =>
      splitter.splitSegment({
        fd,
        sizeBytes,
        splitting,
        from,
        until,
        beginsAtCut,
        gridOffset,
        expectedAt: () => undefined,
        putBlock: (bytes) => point.put(Buffer.from(bytes)),
      })
    const parts: Part[] = []
    let position = 0
    let mended = 0
    try {
      for (let from = 0, until = 0; from < sizeBytes; from = until) {
        until = Math.min(sizeBytes, from + segmentBytes + (from === 0 ? gridOffset : 0))
        let segment = take(from, until, from === 0)
        if (position > 0 && position >= until) continue
        if (segment.begin !== position) {
          mended++
          segment = take(position, until, true)
        }
        expect(segment.begin).toBe(position)
        expect(segment.parts.reduce((sum, part) => sum + part.sizeBytes, 0)).toBe(segment.end - segment.begin)
        parts.push(...segment.parts)
        position = segment.end
      }
    } finally {
      closeSync(fd)
    }
    return { parts: withZerosJoined(parts), position, mended }
  }

  function withZerosJoined(parts: readonly Part[]): Part[] {
    const joined: Part[] = []
    for (const part of parts) {
      const last = joined.at(-1)
      if (part.id === null && last?.id === null) joined.pop()
      joined.push(
        part.id === null ? { ...part, sizeBytes: part.sizeBytes + (last?.id === null ? last.sizeBytes : 0) } : part,
      )
    }
    return joined
  }

  const shown = (parts: readonly Part[]) =>
    parts.map(({ sizeBytes, id }) => `${sizeBytes} ${id === null ? 'zeros' : toHex(id)}`)

  const content: Splitting = { mode: 'content' }
  test.each<[string, (fd: number) => void, Splitting]>([
    ['noise', (fd) => writeSync(fd, noise(31 * mib + 7)), content],
    ['noise, fixed', (fd) => writeSync(fd, noise(13 * mib + 7)), fixed],
    [
      'holes of all lengths',
      (fd) => {
        ftruncateSync(fd, 40 * mib)
        for (let at = 0, piece = 1; at < 39 * mib; piece++) {
          at += writeSync(fd, noise((piece % 5) * 700 * kib + 99, piece), 0, undefined, at)
          at += [64 * kib, 3 * mib, 250 * kib, 9 * mib, 300 * kib][piece % 5] as number
        }
      },
      content,
    ],
    [
      'holes of all lengths, fixed',
      (fd) => {
        ftruncateSync(fd, 30 * mib)
        for (let at = 99 * kib; at < 29 * mib; at += 2 * mib) writeSync(fd, noise(70 * kib, at), 0, undefined, at)
      },
      fixed,
    ],
    ['one long hole', (fd) => ftruncateSync(fd, 20 * mib), content],
    [
      'a hole at the end',
      (fd) => {
        writeSync(fd, noise(7 * mib))
        ftruncateSync(fd, 20 * mib)
      },
      content,
    ],
    [
      'one byte value for long',
      (fd) => writeSync(fd, Buffer.concat([noise(mib), Buffer.alloc(17 * mib, 'x')])),
      content,
    ],
  ])('%s', async (name, write, splitting) => {
    using folder = new TestFolder()
    const path = folder.at('file')
    const fd = openSync(path, 'w')
    write(fd)
    closeSync(fd)
    const sizeBytes = readFileSync(path).length
    const whole = await split(path, { previous: splitting })
    const { parts, position, mended } = inSegments(path, sizeBytes, splitting)
    expect(position).toBe(sizeBytes)
    expect(shown(parts)).toEqual(shown(whole.parts))
    expect(mended === 0 || name === 'one byte value for long').toBe(true)
  })

  test('random data with random holes', async () => {
    const piece = fc.record({
      sizeBytes: fc.integer({ min: 1, max: 4 * mib }),
      holeBytes: fc.constantFrom(0, 0, 4 * kib, 300 * kib, 5 * mib),
      seed: fc.nat(99),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        using folder = new TestFolder()
        const path = folder.at('file')
        const fd = openSync(path, 'w')
        let at = 0
        for (const { sizeBytes, holeBytes, seed } of pieces) {
          writeSync(fd, bigNoise, seed, sizeBytes, at)
          at += sizeBytes + holeBytes
        }
        ftruncateSync(fd, at)
        closeSync(fd)
        const whole = await split(path, { sizeBytes: at })
        expect(shown(inSegments(path, at, content).parts)).toEqual(shown(whole.parts))
      }),
      { numRuns: 20 },
    )
  })

  test('on a grid that does not begin with the file', async () => {
    using folder = new TestFolder()
    const bytes = Buffer.concat([bigNoise, Buffer.alloc(200 * kib), noise(mib)])
    writeFileSync(folder.at('file'), bytes)
    const gridOffset = 5000
    const whole = await split(folder.at('file'), { previous: fixed, gridOffset })
    expect(whole.bytes.equals(bytes)).toBe(true)
    expect(whole.parts[0]?.sizeBytes).toBe(gridOffset)
    const { parts, position, mended } = inSegments(folder.at('file'), bytes.length, fixed, gridOffset)
    expect([shown(parts), position, mended]).toEqual([shown(whole.parts), bytes.length, 0])
  })

  test('a file that is cut short says so', () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), noise(5 * mib))
    const { position } = inSegments(folder.at('file'), 5 * mib, content)
    expect(position).toBe(5 * mib)
    const fd = openSync(folder.at('file'), 'r')
    const segment = splitter.splitSegment({
      fd,
      sizeBytes: 50 * mib,
      splitting: fixed,
      from: 3 * mib,
      until: 6 * mib,
      beginsAtCut: false,
      gridOffset: 0,
      expectedAt: () => undefined,
      putBlock: () => Buffer.alloc(32, 1),
    })
    closeSync(fd)
    expect(segment).toMatchObject({ begin: 3 * mib, end: 6 * mib, hasHoles: true })
  })
})
