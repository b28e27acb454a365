/** What the page cache holds of a file is asked of fincore(1). */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { needs, needsThat } from '../../test/support/needs.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { fileSystemNumbers } from './posix.ts'
import { WriteBehind } from './write-behind.ts'

const mib = 1024 * 1024
const pieceSizeBytes = 300_000
const tmpfsType = 0x01021994

/** Writes `content` from `start` on in pieces, as its writers do; returns the open file. */
function writeInPieces(path: string, content: Buffer, start: number): number {
  const fd = openSync(path, 'wx+')
  const behind = new WriteBehind(fd, start)
  for (let done = 0; done < content.length; done += pieceSizeBytes) {
    writeSync(fd, content.subarray(done, done + pieceSizeBytes), 0, undefined, start + done)
    behind.wrote(start + Math.min(done + pieceSizeBytes, content.length))
  }
  behind.finish(start + content.length)
  return fd
}

test.each([0, 1, 5_000_001])('what is written from byte %i on reads back', (start) => {
  using folder = new TestFolder()
  const content = randomBytes(13 * mib + 17)
  closeSync(writeInPieces(folder.at('file'), content, start))
  expect(readFileSync(folder.at('file')).subarray(start).equals(content)).toBe(true)
})

test('a place that cannot be synced is written all the same', () => {
  const fd = openSync('/dev/null', 'w')
  const behind = new WriteBehind(fd)
  expect(() => {
    behind.wrote(64 * mib)
    behind.finish(65 * mib)
    behind.forget()
  }).not.toThrow()
  closeSync(fd)
})

describe('page cache', needs('fincore'), () => {
  const isInMemory = fileSystemNumbers(tmpdir()).type === tmpfsType
  test('holds nothing of a file that is finished', needsThat(!isInMemory, 'temporary files are in memory'), () => {
    using folder = new TestFolder()
    closeSync(writeInPieces(folder.at('file'), randomBytes(20 * mib), 0))
    const [cachedBytes] = execFileSync('fincore', ['--bytes', '--noheadings', folder.at('file')], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    // The last page is not full, and a page that somebody else looks at may stay.
    expect(Number(cachedBytes)).toBeLessThan(mib)
  })
})
