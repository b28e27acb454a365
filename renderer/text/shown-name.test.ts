import fc from 'fast-check'
import { expect, test } from 'vitest'
import { baseName, plainName, splitName } from './shown-name.ts'

test('what is not seen is shown by its code', () => {
  expect(plainName('photo\u202egpj.exe')).toBe('photo⟨U+202E⟩gpj.exe')
  expect(plainName('a\nb')).toBe('a⟨↵⟩b')
  expect(plainName('a\u200b\u200bb')).toBe('a⟨U+200BU+200B⟩b')
  expect(plainName('tag\u{e0041}')).toBe('tag⟨U+E0041⟩')
  expect(plainName('half\ud800')).toBe('half⟨U+D800⟩')
})

test('names that people give stay as they are', () => {
  for (const name of ['Brief an Müller.odt', '写真 2026', 'שלום.txt', 'e\u0301', '👩🏽‍🚀'.replace('\u200d', '')]) {
    expect(splitName(name)).toEqual([{ text: name, isCode: false }])
  }
})

test('nothing that turns or hides text is left in plain parts, and no character is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const parts = splitName(name)
      const plain = parts.filter(({ isCode }) => !isCode).map(({ text }) => text)
      // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
      expect(plain.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/)
      const shown = parts.flatMap(({ text, isCode }) =>
        isCode ? (text.match(/U\+[0-9A-F]+|↵/g) ?? []) : Array.from(text),
      )
      expect(shown.length).toBe(Array.from(name).length)
    }),
  )
})

test('the last part of a path', () => {
  expect(['/a/b', 'a', '/', '/a/', ''].map(baseName)).toEqual(['b', 'a', '/', 'a', ''])
})
