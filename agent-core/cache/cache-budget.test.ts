import { expect, test } from 'vitest'
import type { ChunkFileName } from '../contract/ids.ts'
import { defaultBudgetBytes, planEviction } from './cache-budget.ts'
import type { PayloadFile } from './chunk-folder.ts'

const GiB = 1024 ** 3

test.each([
  ['a tenth of what is protected', { sourceBytes: 100 * GiB, usedBytes: 0, freeBytes: 1000 * GiB }, 10 * GiB],
  ['at least 2 GiB', { sourceBytes: GiB, usedBytes: 0, freeBytes: 1000 * GiB }, 2 * GiB],
  ['at most half of free and used room', { sourceBytes: 100 * GiB, usedBytes: GiB, freeBytes: 5 * GiB }, 3 * GiB],
  ['never too little to work with', { sourceBytes: 0, usedBytes: 0, freeBytes: 1024 }, 64 * 1024 * 1024],
])('the default is %s', (_what, facts, expected) => {
  expect(defaultBudgetBytes(facts)).toBe(expected)
})

/** Payload of 10 bytes a file, one completed each second; `l`: linked, `w`: a vault waits for it. */
function payloadOf(kinds: string): { readonly files: PayloadFile[]; readonly mayGo: (name: ChunkFileName) => boolean } {
  const files = kinds.split('').map((kind, index) => ({
    name: `${index}${kind}` as ChunkFileName,
    sizeBytes: 10,
    completedAtMs: index * 1000,
    isLinked: kind === 'l',
  }))
  return { files, mayGo: (name) => !name.endsWith('w') }
}

test.each([
  ['nothing within days and budget', '....', 40, 10_000, ''],
  ['what was kept its days', '....', 40, 2500, '0. 1.'],
  ['the oldest beyond the budget', '....', 25, 10_000, '0. 1.'],
  ['never what a vault waits for', 'ww..', 5, 2000, '2. 3.'],
  ['linked payload only when its days are over', 'll..', 5, 10_000, '2. 3.'],
  ['linked payload when its days are over', 'll..', 50, 3500, '0l'],
])('%s goes', (_what, kinds, budgetBytes, instantMs, expected) => {
  const { files, mayGo } = payloadOf(kinds)
  expect(planEviction(files, { budgetBytes, instantMs }, 4000, mayGo).join(' ')).toBe(expected)
})
