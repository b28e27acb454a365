import { linkSync, truncateSync, utimesSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import { AgentError } from '../base/agent-error.ts'
import { systemClock } from '../base/clock.ts'
import { createTask } from '../base/task.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import { CaptureRoom } from './capture-room.ts'

const away = new AgentError('vault.unreachable', { address: '/v', reason: 'it is not there' })

/** A cache with a budget of 100 bytes, and chunk files of 30. */
function makeRoom() {
  const folder = new TestFolder()
  const base = openBase(':memory:')
  const chunks = new ChunkFolder(folder.path)
  const task = createTask({ clock: systemClock })
  const room = new CaptureRoom({ base, chunks, policy: { budgetBytes: 100, instantMs: 1e9 }, task })
  const steps: string[] = []
  const engine = { hold: () => steps.push('hold'), release: () => steps.push('release') }
  let written = 0
  const write = () => {
    const file = writeChunkFile(folder.path, [Buffer.from(`block ${written}`)])
    truncateSync(file.path, 30)
    utimesSync(file.path, written, written++)
    return file
  }
  const complete = () => {
    const file = write()
    room.completed(file)
    return file
  }
  const dispose = () => {
    task[Symbol.dispose]()
    base.close()
    folder[Symbol.dispose]()
  }
  return { folder, base, chunks, task, room, steps, engine, write, complete, [Symbol.dispose]: dispose }
}

test('a capture is held at the budget, and goes on when the vault has taken enough', () => {
  using place = makeRoom()
  const { room, steps, task, chunks } = place
  room.begin(place.engine, undefined)
  const files = [place.complete(), place.complete(), place.complete()]
  expect([steps, room.isHeld]).toEqual([[], false])
  files.push(place.complete())
  expect([steps, room.isHeld, task.progress.waitsFor]).toEqual([['hold'], true, 'vault'])
  for (const { name } of files) room.sent(name)
  expect(steps).toEqual(['hold'])
  room.placed(files.slice(0, 2).map(({ name }) => name))
  expect([steps, room.isHeld, task.progress.waitsFor]).toEqual([['hold', 'release'], false, undefined])
  // Only as much goes as has to, the oldest first.
  expect(chunks.payload().map(({ name }) => name)).toEqual(files.slice(2).map(({ name }) => name))
})

test('payload of earlier runs goes first; what another vault waits for stays', () => {
  using place = makeRoom()
  const { base, room, steps, chunks } = place
  const [old, waiting] = [place.write(), place.write()]
  base.mergeIndex(testVaultId, testKeyspace, 0, [old], Buffer.alloc(32))
  base.adopt(testVaultId, testKeyspace, [waiting])
  room.begin(place.engine, undefined)
  const files = [place.complete(), place.complete()]
  expect([steps, chunks.has(old.name), chunks.has(waiting.name)]).toEqual([[], false, true])
  files.push(place.complete())
  expect([steps, chunks.has(old.name), chunks.has(waiting.name)]).toEqual([['hold'], false, true])
  room.placed(files.map(({ name }) => name))
  expect([steps.at(-1), chunks.has(waiting.name)]).toEqual(['release', true])
})

test('what others wait for may fill the budget: the capture goes on file by file', () => {
  using place = makeRoom()
  const { base, room, steps } = place
  base.adopt(testVaultId, testKeyspace, [place.write(), place.write(), place.write(), place.write()])
  room.begin(place.engine, undefined)
  const { name } = place.complete()
  expect(steps).toEqual(['hold'])
  room.placed([name])
  expect(steps).toEqual(['hold', 'release'])
})

test('payload that is linked with the vault takes no room', () => {
  using place = makeRoom()
  const { room, steps, folder } = place
  room.begin(place.engine, undefined)
  for (let count = 0; count < 10; count++) {
    const { name, path } = place.complete()
    linkSync(path, folder.at(`in the vault ${count}`))
    room.sent(name)
  }
  expect(steps).toEqual([])
})

test('a vault that goes away stops the capture once the budget is used up, not before', () => {
  using place = makeRoom()
  const { room } = place
  room.begin(place.engine, undefined)
  place.complete()
  room.stopped(away)
  place.complete()
  place.complete()
  expect(room.signal.aborted).toBe(false)
  place.complete()
  expect(room.signal.reason).toMatchObject({ code: 'cache.budget-used', data: { budget: '100 B' }, cause: away })
})

test('a vault that goes away while the capture is held stops it', () => {
  using place = makeRoom()
  const { room } = place
  room.begin(place.engine, undefined)
  for (let count = 0; count < 4; count++) place.complete()
  room.stopped(away)
  expect(room.signal.reason).toMatchObject({ code: 'cache.budget-used' })
})

test('without a vault nothing begins that could not end', () => {
  using place = makeRoom()
  place.base.adopt(
    testVaultId,
    testKeyspace,
    [0, 1, 2, 3].map(() => place.write()),
  )
  expect(() => place.room.begin(place.engine, away)).toThrow(expect.objectContaining({ code: 'cache.budget-used' }))
})

test('a bug is told as it is', () => {
  using place = makeRoom()
  place.room.begin(place.engine, undefined)
  for (let count = 0; count < 4; count++) place.complete()
  const bug = new Error('a bug')
  place.room.stopped(bug)
  expect(place.room.signal.reason).toBe(bug)
})

test('the little that is left at the end is not held', () => {
  using place = makeRoom()
  const { room, steps } = place
  room.begin(place.engine, undefined)
  for (let count = 0; count < 4; count++) place.complete()
  room.end()
  expect(steps).toEqual(['hold', 'release'])
  place.complete()
  room.stopped(away)
  expect([steps.length, room.signal.aborted]).toEqual([2, false])
})
