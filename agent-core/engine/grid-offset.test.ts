import { closeSync, openSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { openBase } from '../cache/base-db.ts'
import { sha256 } from '../codec/block-id.ts'
import type { Content } from '../format/tree.ts'
import { createGearTable } from '../source/split-content.ts'
import { FileSplitter } from '../source/split-file.ts'
import { chooseGridOffset } from './grid-offset.ts'

const grainBytes = 4096
const blockCount = 300
const splitter = new FileSplitter(createGearTable(Buffer.alloc(1024, 3)))

/** Every block is another one. */
const original = Buffer.concat(
  Array.from({ length: blockCount }, (_, number) =>
    Buffer.alloc(grainBytes, toHex(sha256(Buffer.of(number >> 8, number)))),
  ),
)

class Editing implements Disposable {
  readonly #folder = new TestFolder()
  readonly #base = openBase(':memory:')
  readonly #point = new PointTree()
  readonly #stored = new Set<string>()
  #last: Content | undefined

  /** Splits a version of the file; answers the grid, and how many bytes of blocks were new. */
  save(bytes: Buffer): { readonly gridOffset: number; readonly newBytes: number } {
    writeFileSync(this.#folder.at('image'), bytes)
    const fd = openSync(this.#folder.at('image'), 'r')
    let newBytes = 0
    try {
      const isKnown = (block: Uint8Array) => this.#stored.has(toHex(sha256(block)))
      const gridOffset = chooseGridOffset(fd, bytes.length, this.#last, { base: this.#base, isKnown })
      const { content, sizeBytes } = splitter.split({
        fd,
        name: Buffer.from('image'),
        sizeBytes: bytes.length,
        previous: { mode: 'fixed', grainBytes },
        gridOffset,
        expectedAt: () => undefined,
        mayHaveHoles: false,
        sink: {
          putBlock: (block) => {
            if (!isKnown(block)) newBytes += block.length
            this.#stored.add(toHex(sha256(block)))
            return sha256(block)
          },
          putPage: (page) => this.#point.put(page),
        },
      })
      expect(sizeBytes).toBe(bytes.length)
      this.#base.pages.put([...this.#point.blocks].map(([id, page]) => [fromHex(id), page] as const))
      this.#last = content
      return { gridOffset, newBytes }
    } finally {
      closeSync(fd)
    }
  }

  [Symbol.dispose](): void {
    this.#base.close()
    this.#folder[Symbol.dispose]()
  }
}

test('bytes inserted at the front move the grid, as often as they are inserted', () => {
  using editing = new Editing()
  expect(editing.save(original)).toEqual({ gridOffset: 0, newBytes: original.length })
  const once = Buffer.concat([Buffer.alloc(1000, 'x'), original])
  expect(editing.save(once)).toEqual({ gridOffset: 1000, newBytes: 1000 })
  expect(editing.save(once)).toEqual({ gridOffset: 1000, newBytes: 0 })
  const twice = Buffer.concat([Buffer.alloc(grainBytes + 500, 'y'), once])
  // What was before the grid moves into blocks with what came before it.
  expect(editing.save(twice)).toEqual({ gridOffset: 1500, newBytes: grainBytes + 500 + 1000 })
})

test('bytes removed from the front move it back', () => {
  using editing = new Editing()
  editing.save(original)
  expect(editing.save(original.subarray(10))).toEqual({ gridOffset: grainBytes - 10, newBytes: grainBytes - 10 })
})

test('a file that is cut short, down to nothing, has no block to be found', () => {
  for (const sizeBytes of [0, 1, 100, grainBytes - 1, grainBytes, grainBytes + 1, 3 * grainBytes + 5]) {
    using editing = new Editing()
    editing.save(Buffer.concat([original, Buffer.alloc(1000, 'z')]))
    expect(editing.save(original.subarray(0, sizeBytes)).newBytes, `${sizeBytes} bytes`).toBeLessThan(grainBytes)
  }
})

test('what is appended or written in place leaves the grid where it is', () => {
  using editing = new Editing()
  editing.save(original)
  expect(editing.save(Buffer.concat([original, Buffer.from('appended')]))).toEqual({ gridOffset: 0, newBytes: 8 })
  const written = Buffer.from(original)
  written.fill('w', 5 * grainBytes, 6 * grainBytes)
  expect(editing.save(Buffer.concat([written, Buffer.from('appended')])).gridOffset).toBe(0)
})

test('wherever few bytes are inserted, most blocks are found again', () => {
  fc.assert(
    fc.property(fc.nat(original.length), fc.integer({ min: 1, max: 3 * grainBytes }), (at, count) => {
      using editing = new Editing()
      editing.save(original)
      const inserted = Buffer.concat([original.subarray(0, at), Buffer.alloc(count, 'i'), original.subarray(at)])
      const { newBytes } = editing.save(inserted)
      expect(newBytes).toBeLessThan(original.length * 0.6 + count + 2 * grainBytes)
    }),
    { numRuns: 30 },
  )
})

test('a file that is new, or split by content, has no grid to keep', () => {
  using base = openBase(':memory:')
  const deps = { base, isKnown: () => true }
  expect(chooseGridOffset(-1, 1000, undefined, deps)).toBe(0)
  const content: Content = {
    splitting: { mode: 'content' },
    parts: [{ sizeBytes: 9, id: sha256(Buffer.of()) }],
    sparse: false,
  }
  expect(chooseGridOffset(-1, 1000, content, deps)).toBe(0)
})
