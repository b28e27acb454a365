/** The thread that lists directories ahead, on real folders: the walk must find what it would have found by itself. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { joinPath, listDirectory, lookAt } from '../source/list-directory.ts'
import { compareInWalk, LookAhead } from './look-ahead.ts'

const options = { excludes: ['left-out'], defaultExcludes: false, barriers: [], crossMounts: false }

/** Walks with the look-ahead as a capture does. */
async function walk(ahead: LookAhead, root: Buffer) {
  const seen: string[] = []
  let listedAhead = 0
  const enter = async (path: Buffer, found: FoundEntry): Promise<void> => {
    const listing = await ahead.take(path, found)
    if (listing !== undefined) listedAhead++
    for (const text of listing?.names ?? listDirectory(path)) {
      const below = joinPath(path, Buffer.from(text, 'latin1'))
      const entry = listing === undefined ? lookAt(below) : listing.lookAt(text)
      if (entry === undefined || text === 'left-out') continue
      seen.push(`${below.toString('latin1')} ${entry.type} ${entry.inode} ${entry.sizeBytes} ${entry.mtime.ns}`)
      if (entry.type === 'directory') await enter(below, entry)
      await yieldToEventLoop()
    }
  }
  ahead.begin(root)
  await enter(root, lookAt(root) as FoundEntry)
  return { seen, listedAhead }
}

/** The same, without a thread. */
function walkAlone(path: Buffer, seen: string[] = []): string[] {
  for (const text of listDirectory(path)) {
    const below = joinPath(path, Buffer.from(text, 'latin1'))
    const entry = lookAt(below)
    if (entry === undefined || text === 'left-out') continue
    seen.push(`${below.toString('latin1')} ${entry.type} ${entry.inode} ${entry.sizeBytes} ${entry.mtime.ns}`)
    if (entry.type === 'directory') walkAlone(below, seen)
  }
  return seen
}

/** Names that sort differently as paths and as names, and some that are no UTF-8. */
function makeTree(folder: string, random: () => number, depth: number): void {
  const names = ['a', 'a-b', 'a.b', 'ab', 'left-out', 'z\u00e4', 'empty', `name ${Math.floor(random() * 1000)}`]
  for (const name of names) {
    const path = join(folder, name)
    if (name === 'left-out' || (depth > 0 && random() < 0.6)) {
      mkdirSync(path)
      if (name !== 'empty') makeTree(path, random, depth - 1)
    } else if (random() < 0.2) {
      symlinkSync('nowhere', path)
    } else {
      writeFileSync(path, 'x'.repeat(Math.floor(random() * 20)))
    }
    if (depth <= 0) return
  }
}

test('the walk finds the same with a thread ahead as without', async () => {
  using folder = new TestFolder('look-ahead-')
  const seed = 20261126
  const source = folder.at('source')
  mkdirSync(source)
  makeTree(source, seededRandom(seed), 4)
  const root = Buffer.from(source)
  await using ahead = new LookAhead(options)
  // The thread takes a moment to start; the walk does not wait for it.
  let listedAhead = 0
  while (listedAhead === 0) {
    const walked = await walk(ahead, root)
    expect(walked.seen, `seed ${seed}`).toEqual(walkAlone(root))
    listedAhead = walked.listedAhead
  }
  const again = await walk(ahead, root)
  expect(again.seen).toEqual(walkAlone(root))
  const directories = again.seen.filter((line) => line.includes(' directory ')).length + 1
  expect(again.listedAhead).toBe(directories)
})

test('the listing of another directory than the walk has found is not taken', async () => {
  using folder = new TestFolder('look-ahead-')
  const source = folder.at('source')
  for (const name of ['one', 'two']) mkdirSync(join(source, name), { recursive: true })
  const root = Buffer.from(source)
  await using ahead = new LookAhead(options)
  while ((await walk(ahead, root)).listedAhead === 0) writeFileSync(join(source, 'turn'), '')
  const foundAt = (name: string) => lookAt(Buffer.from(join(source, name))) as FoundEntry
  ahead.begin(root)
  expect(await ahead.take(Buffer.from(join(source, 'one')), foundAt('two'))).toBeUndefined()
  expect((await ahead.take(Buffer.from(join(source, 'two')), foundAt('two')))?.names).toEqual([])
})

test('more entries than may be held are listed as the walk goes on', { timeout: 60_000 }, async () => {
  using folder = new TestFolder('look-ahead-')
  const source = folder.at('source')
  for (let directory = 0; directory < 60; directory++) {
    const path = join(source, `d${directory}`)
    mkdirSync(path, { recursive: true })
    for (let file = 0; file < 400; file++) writeFileSync(join(path, String(file)), '')
  }
  const root = Buffer.from(source)
  await using ahead = new LookAhead(options)
  while ((await walk(ahead, root)).listedAhead === 0) expect(readdirSync(source)).toHaveLength(60)
  const { seen, listedAhead } = await walk(ahead, root)
  expect(seen).toHaveLength(60 * 401)
  expect(listedAhead).toBe(61)
})

test('a walk that ends early leaves the thread to its end', async () => {
  using folder = new TestFolder('look-ahead-')
  const source = folder.at('source')
  for (let directory = 0; directory < 50; directory++) {
    mkdirSync(join(source, String(directory)), { recursive: true })
    for (let file = 0; file < 400; file++) writeFileSync(join(source, String(directory), String(file)), '')
  }
  const root = Buffer.from(source)
  const ahead = new LookAhead(options)
  while ((await walk(ahead, root)).listedAhead === 0) expect(readdirSync(source)).toHaveLength(50)
  ahead.begin(root)
  await ahead.take(root, lookAt(root) as FoundEntry)
  // The thread waits for a walk that does not come any more.
  await ahead[Symbol.asyncDispose]()
  expect(await ahead.take(root, lookAt(root) as FoundEntry)).toBeUndefined()
})

test('paths compare as a depth-first walk by names meets them', () => {
  const name = fc.stringMatching(/^[!-.0-~]{1,3}$/)
  const path = fc.array(name, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(path, path, (a, b) => {
      const common = a.findIndex((component, index) => component !== b[index])
      const at = common < 0 ? a.length : common
      const [left, right] = [a[at] ?? '', b[at] ?? '']
      const expected = left === right ? 0 : left < right ? -1 : 1
      expect(Math.sign(compareInWalk(`/${a.join('/')}`, `/${b.join('/')}`))).toBe(expected)
    }),
  )
})
