import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { checkName, isInside, realSourceFolder, realVaultFolder } from './folder-checks.ts'

const invalid = expect.objectContaining({ code: 'usage.invalid' }) as unknown

test.each([
  ['/a', '/a', true],
  ['/a/b', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/a/b', false],
  ['/a/..b', '/a', true],
  ['/', '/a', false],
  ['/a', '/', true],
])('%s lies in %s: %s', (inner, outer, expected) => {
  expect(isInside(inner, outer)).toBe(expected)
})

test('names are short and plain, in any script', () => {
  for (const name of ['docs', 'Döcs 2', 'ж', 'a.b_c-d', '0', 'x'.repeat(64)]) {
    expect(() => checkName('item', name)).not.toThrow()
  }
  for (const name of ['', ' a', 'a ', '.a', '-a', 'a/b', 'a\nb', 'a\0', '..', 'x'.repeat(65), 'a:b']) {
    expect(() => checkName('vault', name)).toThrow(invalid)
  }
})

describe('a folder to protect', () => {
  test('is given by its real path', () => {
    using folder = new TestFolder()
    mkdirSync(folder.at('docs'))
    symlinkSync('docs', folder.at('link'))
    expect(realSourceFolder(folder.at('link'), [])).toBe(realpathSync(folder.at('docs')))
    expect(realSourceFolder(folder.at('docs', '..', 'docs', ''), [])).toBe(realpathSync(folder.at('docs')))
  })

  test('is a folder that is there, by an absolute path', () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), '')
    for (const path of ['', 'docs', './docs', folder.at('absent'), folder.at('file'), `${folder.path}\0`]) {
      expect(() => realSourceFolder(path, [])).toThrow(invalid)
    }
  })

  test('lies in no vault and not in the home folder, also not behind a link; around them it may', () => {
    using folder = new TestFolder()
    mkdirSync(folder.at('vault', 'chunks'), { recursive: true })
    symlinkSync('vault', folder.at('link'))
    const forbidden = [{ path: realpathSync(folder.at('vault')), what: 'the vault "v"' }]
    for (const names of [['vault'], ['vault', 'chunks'], ['link', 'chunks']]) {
      expect(() => realSourceFolder(folder.at(...names), forbidden)).toThrow(invalid)
    }
    expect(realSourceFolder(folder.path, forbidden)).toBe(realpathSync(folder.path))
  })
})

describe('a folder for a vault', () => {
  test('is made when it is not there', () => {
    using folder = new TestFolder()
    expect(realVaultFolder(folder.at('a', 'b'), [])).toBe(realpathSync(folder.at('a', 'b')))
  })

  test('lies apart from the home folder and from other vaults, and nothing is made before that is sure', () => {
    using folder = new TestFolder()
    mkdirSync(folder.at('home'))
    symlinkSync('home', folder.at('link'))
    const apart = [{ path: realpathSync(folder.at('home')), what: 'the home folder' }]
    for (const names of [['home'], ['home', 'vault'], ['link', 'vault'], []]) {
      expect(() => realVaultFolder(folder.at(...names), apart)).toThrow(invalid)
    }
    expect(existsSync(folder.at('home', 'vault'))).toBe(false)
  })

  test('lies in no vault that this home does not know', () => {
    using folder = new TestFolder()
    mkdirSync(folder.at('vault', 'keyspaces'), { recursive: true })
    writeFileSync(folder.at('vault', 'vault.json'), '{}')
    expect(() => realVaultFolder(folder.at('vault', 'inner', 'deeper'), [])).toThrow(invalid)
    expect(existsSync(folder.at('vault', 'inner'))).toBe(false)
  })

  test('is no file', () => {
    using folder = new TestFolder()
    writeFileSync(folder.at('file'), '')
    expect(() => realVaultFolder(folder.at('file'), [])).toThrow(invalid)
    expect(() => realVaultFolder(folder.at('file', 'below'), [])).toThrow(invalid)
  })
})
