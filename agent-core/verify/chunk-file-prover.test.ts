import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MadeVault } from '../../test/support/made-vault.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { ChunkFileProver } from './chunk-file-prover.ts'
import { ProverPool } from './prover-pool.ts'

let made: MadeVault
let chunk: CompleteChunkFile
let path: string

beforeEach(async () => {
  made = await MadeVault.make()
  const pieces = Array.from({ length: 12 }, (_, index) =>
    Buffer.alloc(index % 3 === 0 ? 100 : 1_270_000, `piece ${index} `),
  )
  await made.addPoint([{ name: 'a', type: 'file', content: pieces }])
  chunk = made.chunkFiles.find(({ kind }) => kind === 'data') as CompleteChunkFile
  path = join(made.folder, 'copy')
})

afterEach(() => made[Symbol.dispose]())

test('a whole file is whole, and one with any bit flipped, cut off, longer or missing is not', () => {
  const prover = new ChunkFileProver(made.keys, () => undefined)
  const bytes = readFileSync(chunk.path)
  for (const depth of ['hash', 'open'] as const) {
    expect(prover.isWhole(chunk.path, chunk, depth)).toBe(true)
    for (let round = 0; round < 200; round++) {
      const bit = randomInt(bytes.length * 8)
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
      writeFileSync(path, bytes)
      expect(prover.isWhole(path, chunk, depth), `${depth}, bit ${bit}`).toBe(false)
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
    }
    for (const length of [0, 100, 512, bytes.length - 512, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length))
      expect(prover.isWhole(path, chunk, depth)).toBe(false)
    }
    writeFileSync(path, Buffer.concat([bytes, Buffer.from('x')]))
    expect(prover.isWhole(path, chunk, depth)).toBe(false)
    rmSync(path)
    expect(prover.isWhole(path, chunk, depth)).toBe(false)
  }
  mkdirSync(path)
  expect(prover.isWhole(path, chunk, 'open')).toBe(false)
})

test('a file that the index describes in another way is not whole', () => {
  const prover = new ChunkFileProver(made.keys, () => undefined)
  const otherTable = Buffer.from(chunk.table)
  otherTable[otherTable.length - 1] = (otherTable.at(-1) as number) ^ 1
  for (const other of [
    { ...chunk, kind: 'tree' as const },
    { ...chunk, salt: Buffer.alloc(32) },
    { ...chunk, table: otherTable },
  ]) {
    expect(prover.isWhole(chunk.path, other, 'open')).toBe(false)
  }
})

test('threads say the same, many at a time, and end when they are given up', async () => {
  const bytes = readFileSync(chunk.path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  writeFileSync(path, bytes)
  await using pool = new ProverPool({ keys: made.keys, depth: 'open' }, 2)
  const asked = Array.from({ length: 20 }, (_, index) => pool.isWhole(index % 2 === 0 ? chunk.path : path, chunk))
  expect(await Promise.all(asked)).toEqual(asked.map((_, index) => index % 2 === 0))
  const given = [pool.isWhole(chunk.path, chunk), pool.isWhole(chunk.path, chunk)]
  await pool[Symbol.asyncDispose]()
  for (const result of await Promise.allSettled(given)) expect(result.status).toBe('rejected')
})
