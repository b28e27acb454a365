import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { isReplacedOnDisk } from './program-file.ts'

test('a program that was replaced is found once nothing runs; one that is taken away only when another is there', async () => {
  using folder = new TestFolder('program-')
  const path = folder.at('program')
  writeFileSync(path, 'old')
  const events = [
    () => undefined,
    () => rmSync(path),
    () => {
      writeFileSync(folder.at('new'), 'new')
      renameSync(folder.at('new'), path)
    },
    () => (isBusy = false),
  ]
  let isBusy = true
  let looks = 0
  const delay = async () => {
    events[looks++]?.()
  }
  const { signal } = new AbortController()
  const clock = { nowMs: () => 0, delay }
  expect(await isReplacedOnDisk({ path, clock, isIdle: () => !isBusy, signal })).toBe(true)
  expect(looks).toBe(4)
})

test('nothing is found after the end', async () => {
  using folder = new TestFolder('program-')
  const path = folder.at('program')
  writeFileSync(path, 'old')
  const end = new AbortController()
  const delay = async () => {
    rmSync(path)
    writeFileSync(path, 'new')
    end.abort()
  }
  const clock = { nowMs: () => 0, delay }
  expect(await isReplacedOnDisk({ path, clock, isIdle: () => true, signal: end.signal })).toBe(false)
})
