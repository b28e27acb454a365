import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChunkFileName } from '../contract/ids.ts'
import { ProofRecord } from './proof-record.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofs-'))
  path = join(folder, 'proofs', 'vault')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nameOf = (number: number) => number.toString(16).padStart(64, '0') as ChunkFileName
const all = { has: () => true }

test('what was added is there at the next reading, the latest time of each file', () => {
  const record = ProofRecord.read(path, 1000)
  record.add(nameOf(1), 2000)
  record.add(nameOf(2), 3000)
  record.add(nameOf(1), 4000)
  const again = ProofRecord.read(path, 9000)
  expect(again.begunAtMs).toBe(1000)
  expect([1, 2, 3].map((number) => again.provenAtMs(nameOf(number)))).toEqual([4000, 3000, undefined])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('files that are gone, and rows that later ones replace, are dropped', async () => {
  const record = ProofRecord.read(path, 1000)
  for (let round = 0; round < 5; round++) for (let number = 0; number < 3; number++) record.add(nameOf(number), round)
  await record.keepOnly({ has: (name) => name !== nameOf(0) })
  expect(readFileSync(path)).toHaveLength(24 + 2 * 44)
  record.add(nameOf(5), 77)
  const again = ProofRecord.read(path, 9000)
  expect([0, 1, 2, 5].map((number) => again.provenAtMs(nameOf(number)))).toEqual([undefined, 4, 4, 77])
})

test('cut off anywhere, or with any byte spoilt, it answers nothing that was not added', async () => {
  const record = ProofRecord.read(path, 1000)
  for (let number = 0; number < 4; number++) record.add(nameOf(number), 2000 + number)
  const whole = readFileSync(path)
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole)
    truncateSync(path, length)
    const cut = ProofRecord.read(path, 9000)
    for (let number = 0; number < 4; number++) {
      expect([undefined, 2000 + number]).toContain(cut.provenAtMs(nameOf(number)))
    }
    await cut.keepOnly(all)
    cut.add(nameOf(9), 5000)
    expect(ProofRecord.read(path, 9000).provenAtMs(nameOf(9)), `${length}`).toBe(5000)
  }
  for (let at = 24; at < whole.length; at++) {
    const spoilt = Buffer.from(whole)
    spoilt[at] = (spoilt[at] as number) ^ 4
    writeFileSync(path, spoilt)
    const read = ProofRecord.read(path, 9000)
    for (let number = 0; number < 4; number++) {
      expect([undefined, 2000 + number]).toContain(read.provenAtMs(nameOf(number)))
    }
  }
})

test('a place that cannot be written costs reading again, and says so', () => {
  mkdirSync(path, { recursive: true })
  const record = ProofRecord.read(path, 1000)
  record.add(nameOf(1), 2000)
  expect(record.provenAtMs(nameOf(1))).toBe(2000)
  expect(record.trouble?.message).toContain('EISDIR')
  rmSync(path, { recursive: true })
  appendFileSync(path, 'something else altogether, and long enough for a header')
  expect(ProofRecord.read(path, 3000).begunAtMs).toBe(3000)
})
