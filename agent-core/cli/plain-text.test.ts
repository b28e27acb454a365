import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEscapes } from '../base/escapes.ts'
import { displayWidth, fitText, plainJson, plainText } from './plain-text.ts'

describe('plainText', () => {
  test.each([
    ['plain ä 日本 👩‍👩‍👧', 'plain ä 日本 👩‍👩‍👧'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\u009b31m', '\\x9b31m'],
    ['\u0000\u007f', '\\x00\\x7f'],
    ['invoice\u202etxt.exe', 'invoice\\u{202e}txt.exe'],
    ['\u2066a\u2069\u200f\u061c', '\\u{2066}a\\u{2069}\\u{200f}\\u{61c}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u200b\ufeff\u{e0041}', '\\u{200b}\\u{feff}\\u{e0041}'],
    ['half \ud800 pair', 'half \\u{d800} pair'],
  ])('%j is shown as %j', (text, shown) => {
    expect(plainText(text)).toBe(shown)
  })

  test('is read back as it was, by whom a listed name is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\\'))
        expect(readEscapes(plainText(text))).toBe(text)
      }),
    )
  })

  test.each(['\\q', '\\x1', '\\u{110000}', '\\', 'a\\'])('%j is no escape', (text) => {
    expect(readEscapes(text)).toBe(text)
  })

  test('shows no control character and no line end, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })
})

describe('plainJson', () => {
  test('parses to the same value and holds no unsafe character but its own line ends', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (value) => {
        const text = plainJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })
})

describe('widths', () => {
  test('count cells: wide characters two, combining marks none', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('日本')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
  })

  test('cut texts fit and say so', () => {
    expect(fitText('abcdef', 6)).toBe('abcdef')
    expect(fitText('abcdef', 4)).toBe('abc…')
    expect(fitText('abcdef', 4, 'end')).toBe('…def')
    expect(displayWidth(fitText('日本語日本語', 6))).toBeLessThanOrEqual(6)
    expect(fitText('abc', 0)).toBe('')
  })
})
