import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { openBase } from '../cache/base-db.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry } from '../format/tree.ts'
import { createGearTable } from '../source/split-content.ts'
import { FileSplitter } from '../source/split-file.ts'
import { answerSegment } from './answer-segment.ts'
import { captureFile } from './capture-file.ts'
import type { SegmentQuestion } from './segment-messages.ts'
import { captureInSegments } from './segmented-file.ts'

const mib = 1024 * 1024
const segmentSizeBytes = 2 * mib

function noise(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let state = seed
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    bytes[at] = (state >>> 16) | 1
  }
  return bytes
}

class Capturing implements Disposable {
  readonly folder = new TestFolder()
  readonly path = this.folder.at('large')
  readonly #base = openBase(':memory:')
  readonly #point = new PointTree()
  readonly asked: SegmentQuestion[] = []
  readonly #deps = {
    base: this.#base,
    splitter: new FileSplitter(createGearTable(noise(1024, 5))),
    sink: {
      putBlock: (bytes: Uint8Array) => this.#point.put(Buffer.from(bytes)),
      putPage: (page: Uint8Array) => this.#point.put(page),
    },
    isKnown: () => false,
    skipNoDump: false,
  }

  /** `before` is called with each question, before it is answered. */
  async inSegments(before: (question: SegmentQuestion) => void = () => undefined) {
    return await captureInSegments(this.#request, {
      lanes: 3,
      segmentSizeBytes,
      putPage: this.#deps.sink.putPage,
      ask: (question) => {
        this.asked.push(question)
        before(question)
        return Promise.resolve(answerSegment(structuredClone(question), this.#deps))
      },
    })
  }

  inOne() {
    return captureFile(this.#request, this.#deps)
  }

  count(kind: SegmentQuestion['kind']): number {
    return this.asked.filter((question) => question.kind === kind).length
  }

  get #request() {
    return { path: Buffer.from(this.path).toString('latin1'), sizeBytes: 0, volume: 0, previous: undefined }
  }

  [Symbol.dispose](): void {
    this.#base.close()
    this.folder[Symbol.dispose]()
  }
}

function entryOf(outcome: Awaited<ReturnType<Capturing['inSegments']>>) {
  if (outcome.state !== 'captured') throw new Error(outcome.state)
  return decodeEntry(decodeCbor(outcome.encoded, 'entry'), 'entry')
}

test('the entry is the one that one worker makes', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, Buffer.concat([noise(13 * mib), Buffer.alloc(5 * mib), noise(3 * mib, 2)]))
  const outcome = await capturing.inSegments()
  expect(entryOf(outcome)).toEqual(entryOf(capturing.inOne()))
  expect(outcome).toMatchObject({ isChanging: false, sizeBytes: 21 * mib })
  expect(capturing.count('split')).toBeGreaterThanOrEqual(11)
})

test('where cuts do not agree, a segment is cut again from where the one before ended', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, Buffer.concat([noise(2.7 * mib), Buffer.alloc(30 * mib, 'x')]))
  expect(entryOf(await capturing.inSegments())).toEqual(entryOf(capturing.inOne()))
  expect(
    capturing.asked.some((question) => question.kind === 'split' && question.beginsAtCut && question.from > 0),
  ).toBe(true)
})

test('a file that changes once is captured again, whole', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, noise(5 * mib))
  let isChanged = false
  const outcome = await capturing.inSegments(({ kind }) => {
    if (kind !== 'settle' || isChanged) return
    isChanged = true
    appendFileSync(capturing.path, 'more')
  })
  expect(outcome).toMatchObject({ state: 'captured', isChanging: false, sizeBytes: 5 * mib + 4 })
  expect(capturing.count('look')).toBe(2)
})

test('a file that never stops changing is captured after three readings, and told', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, noise(5 * mib))
  const outcome = await capturing.inSegments(({ kind }) => kind === 'settle' && appendFileSync(capturing.path, '!'))
  expect(outcome).toMatchObject({ state: 'captured', isChanging: true })
  expect(capturing.count('look')).toBe(3)
})

test('a file that is cut short has the length of what was read', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, noise(9 * mib))
  let sizeBytes = 9 * mib
  const outcome = await capturing.inSegments((question) => {
    if (question.kind !== 'split' || question.from < 4 * mib) return
    sizeBytes -= 1000
    truncateSync(capturing.path, sizeBytes)
  })
  const entry = entryOf(outcome)
  const parts = entry.content?.parts as readonly { sizeBytes: number }[]
  expect(parts.reduce((sum, part) => sum + part.sizeBytes, 0)).toBe(entry.sizeBytes)
})

test('a file that is replaced meanwhile is captured as the new one', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, noise(5 * mib))
  writeFileSync(capturing.folder.at('other'), noise(6 * mib, 7))
  let isReplaced = false
  const outcome = await capturing.inSegments((question) => {
    if (question.kind !== 'split' || question.from === 0 || isReplaced) return
    isReplaced = true
    renameSync(capturing.folder.at('other'), capturing.path)
  })
  expect(entryOf(outcome)).toEqual(entryOf(capturing.inOne()))
  expect(outcome).toMatchObject({ sizeBytes: 6 * mib })
})

test('a file that goes away is told', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.path, noise(5 * mib))
  const outcome = await capturing.inSegments(
    (question) => question.kind === 'split' && question.from > 0 && rmSync(capturing.path, { force: true }),
  )
  expect(outcome).toEqual({ state: 'vanished' })
})
