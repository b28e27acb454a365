import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecoveryCode, normalizeRecoveryCode } from './recovery-code.ts'

/** The same bytes every time, others for another seed. */
const randomOf = (seed: number) => ({
  bytes: (sizeBytes: number) =>
    Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (index * 89 + seed * 31) % 256)),
})
const code = createRecoveryCode(randomOf(1))

test('seven groups of five symbols that cannot be mistaken for one another', () => {
  expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){6}[0-9A-HJKMNP-TV-Z]{5}$/)
  expect(createRecoveryCode(randomOf(2))).not.toBe(code)
  expect(createRecoveryCode({ bytes: (sizeBytes) => Buffer.alloc(sizeBytes) })).toMatch(/^00000-00000-/)
})

test('case, blanks and dashes do not count, and look-alikes are read as what they look like', () => {
  const symbols = normalizeRecoveryCode(code)
  expect(symbols).toHaveLength(32)
  for (const typed of [code.toLowerCase(), code.replaceAll('-', ''), ` ${code.replaceAll('-', ' ')}\n`]) {
    expect(normalizeRecoveryCode(typed)).toBe(symbols)
  }
  const alike = code.replaceAll('0', 'o').replaceAll('1', 'l')
  expect(normalizeRecoveryCode(alike)).toBe(symbols)
  expect(normalizeRecoveryCode(code.replaceAll('1', 'I'))).toBe(symbols)
})

test('what is no code is none', () => {
  for (const text of ['', 'a passphrase for tests', code.slice(0, -1), `${code}0`, code.replace(/.$/, 'U')]) {
    expect(normalizeRecoveryCode(text)).toBeUndefined()
  }
})

test('property: one mistyped symbol is nearly always told', () => {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const plain = code.replaceAll('-', '')
  let missed = 0
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 34 }), fc.constantFrom(...alphabet.split('')), (at, symbol) => {
      fc.pre(plain[at] !== symbol)
      if (normalizeRecoveryCode(plain.slice(0, at) + symbol + plain.slice(at + 1)) !== undefined) missed++
    }),
    { numRuns: 500 },
  )
  expect(missed).toBeLessThanOrEqual(2)
})
