/** Holds docs/format/splitting.md, the constants of the code and the golden cuts of version 1 together. */
import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gearSeedSizeBytes } from '../../agent-core/codec/key-derivation.ts'
import { minHoleSizeBytes } from '../../agent-core/source/file-stretches.ts'
import { inPlaceProbeSizeBytes } from '../../agent-core/source/in-place.ts'
import {
  averageContentBlockSizeBytes,
  createGearTable,
  gearTableSizeBytes,
  gearWindowSizeBytes,
  looseCutBelow,
  maxContentBlockSizeBytes,
  minContentBlockSizeBytes,
  strictCutBelow,
  wholeFileSizeBytes,
} from '../../agent-core/source/split-content.ts'
import { fixedGrains } from '../../agent-core/source/split-fixed.ts'
import { cutsOf } from '../support/cut-bytes.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/format/splitting.md'), 'utf8')

interface GoldenCuts {
  readonly gearSeed: string
  readonly cases: readonly {
    readonly seed: string
    readonly zeros: readonly [from: number, to: number]
    readonly sizeBytes: number
    readonly cuts: readonly number[]
  }[]
}
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden-cuts.json'), 'utf8')) as GoldenCuts

/** Rows of the table whose head begins with `firstHead`, without head and rule. */
function tableOf(firstHead: string): string[][] {
  const lines = page.split('\n')
  const head = lines.findIndex((line) => line.startsWith(`| ${firstHead}`))
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'))
  return lines.slice(head + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** AES-256-CTR of zeros, counter 0, key SHA-256 of the seed: the same bytes in every language. */
function seededBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes))
}

test('the parameters of the page are those of the code', () => {
  expect(Object.fromEntries(tableOf('parameter').map(([name, value]) => [name, Number(value)]))).toEqual({
    'minimum block, content mode': minContentBlockSizeBytes,
    'average block, content mode': averageContentBlockSizeBytes,
    'maximum block, content mode': maxContentBlockSizeBytes,
    'file that is one block': wholeFileSizeBytes,
    'hole that ends a block': minHoleSizeBytes,
    'hash window': gearWindowSizeBytes,
    'gear table': gearTableSizeBytes,
    'strict threshold': strictCutBelow,
    'loose threshold': looseCutBelow,
    'segment of a large file': 256 * 1024 ** 2,
  })
  expect(gearTableSizeBytes).toBe(gearSeedSizeBytes)
})

test('the numbers in the text are those of the table', () => {
  const code = page.slice(page.indexOf('nextCut('), page.indexOf('On random data'))
  const numbers = new Set(code.match(/\b\d{4,}\b/g)?.map(Number))
  expect(numbers).toEqual(
    new Set([
      maxContentBlockSizeBytes,
      minContentBlockSizeBytes,
      averageContentBlockSizeBytes,
      strictCutBelow,
      looseCutBelow,
    ]),
  )
  expect(page).toContain(`its first ${inPlaceProbeSizeBytes.toLocaleString('en-GB')} bytes`)
})

test('the grains of the page are those of the code', () => {
  const rows = tableOf('file size up to').map(([upTo, grain]) => ({
    upToBytes: upTo === 'any' ? Number.POSITIVE_INFINITY : Number(upTo),
    grainBytes: Number(grain),
  }))
  expect(rows).toEqual(fixedGrains)
})

test.each(golden.cases)('golden cuts of $seed, $sizeBytes bytes', ({ seed, zeros, sizeBytes, cuts }) => {
  const gear = createGearTable(seededBytes(golden.gearSeed, gearTableSizeBytes))
  const bytes = seededBytes(seed, sizeBytes).fill(0, ...zeros)
  expect(cutsOf(bytes, gear)).toEqual(cuts)
})
