import { expect, test } from 'vitest'
import type { FileWarning } from '../contract/errors.ts'
import type { Clock } from './clock.ts'
import { createTask, type Progress } from './task.ts'

/** A clock that moves only when told; delays that have come due resolve then. */
function createManualClock() {
  let nowMs = 1_000_000
  let delays: { atMs: number; resolve: () => void }[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    delay: (ms, signal) =>
      new Promise((resolve, reject) => {
        delays.push({ atMs: nowMs + ms, resolve })
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  }
  const advance = async (ms: number): Promise<void> => {
    nowMs += ms
    const due = delays.filter((delay) => delay.atMs <= nowMs)
    delays = delays.filter((delay) => delay.atMs > nowMs)
    for (const delay of due) delay.resolve()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { clock, advance }
}

const warning: FileWarning = { path: '/x', code: 'file.vanished', message: 'gone', advice: 'none' }

test('the listener hears at most four states a second, always the newest, and the last one', async () => {
  const { clock, advance } = createManualClock()
  const heard: Progress[] = []
  const task = createTask({ clock, onProgress: (progress) => heard.push(progress) })
  task.setPhase('capture')
  for (let step = 0; step < 1000; step++) {
    task.add({ files: 1, bytes: 10, current: `file ${step}` })
    await advance(1)
  }
  expect(heard.length).toBe(5)
  expect(heard[0]).toEqual({ phase: 'capture', filesDone: 0, bytesDone: 0, warnings: 0 })
  task.expect({ bytes: 20_000 })
  task.add({ bytes: 5 })
  task[Symbol.dispose]()
  expect(heard.at(-1)).toEqual({
    phase: 'capture',
    filesDone: 1000,
    bytesDone: 10_005,
    bytesExpected: 20_000,
    current: 'file 999',
    warnings: 0,
  })
  const count = heard.length
  task.add({ files: 1 })
  await advance(1000)
  task[Symbol.dispose]()
  expect(heard.length).toBe(count)
  expect(task.progress.filesDone).toBe(1001)
})

test('a state that came too early is told later without another change', async () => {
  const { clock, advance } = createManualClock()
  const heard: number[] = []
  const task = createTask({ clock, phase: 'capture', onProgress: ({ filesDone }) => heard.push(filesDone) })
  task.add({ files: 1 })
  task.add({ files: 1 })
  expect(heard).toEqual([1])
  await advance(249)
  expect(heard).toEqual([1])
  await advance(1)
  expect(heard).toEqual([1, 2])
  await advance(10_000)
  expect(heard.length).toBe(2)
})

test('phases are told at once, with how each ended, however short they are', async () => {
  const { clock, advance } = createManualClock()
  const heard: string[] = []
  const task = createTask({ clock, onProgress: ({ phase, filesDone }) => heard.push(`${phase} ${filesDone}`) })
  task.setPhase('capture')
  task.add({ files: 26 })
  task.setPhase('transfer')
  task.setPhase('commit')
  await advance(10_000)
  expect(heard).toEqual(['capture 0', 'capture 26', 'transfer 0', 'commit 0'])
  task[Symbol.dispose]()
  task.setPhase('merge')
  expect(heard.length).toBe(4)
})

test('a new phase starts its counters anew and keeps the warnings', () => {
  const task = createTask({ clock: createManualClock().clock, phase: 'capture' })
  task.add({ files: 3, bytes: 4, current: 'x' })
  task.expect({ files: 9 })
  task.warn(warning)
  task.setPhase('transfer')
  expect(task.progress).toEqual({ phase: 'transfer', filesDone: 0, bytesDone: 0, warnings: 1 })
})

test('what begins anew has told nothing yet', () => {
  const { clock } = createManualClock()
  const task = createTask({ clock })
  task.setPhase('capture')
  task.add({ files: 3, bytes: 30 })
  task.warn(warning)
  task.beginAnew()
  expect(task.progress).toMatchObject({ phase: 'capture', filesDone: 0, bytesDone: 0, warnings: 0 })
  expect([task.warnings, task.warningCount]).toEqual([[], 0])
})

test('warnings are kept up to 10,000 and counted beyond', () => {
  const task = createTask({ clock: createManualClock().clock })
  for (let count = 0; count < 10_005; count++) task.warn(warning)
  expect(task.warnings.length).toBe(10_000)
  expect(task.warningCount).toBe(10_005)
  expect(task.progress.warnings).toBe(10_005)
})

test('an aborted task throws the reason', () => {
  const controller = new AbortController()
  const task = createTask({ clock: createManualClock().clock, signal: controller.signal })
  expect(() => task.throwIfAborted()).not.toThrow()
  controller.abort(new Error('stopped by a person'))
  expect(() => task.throwIfAborted()).toThrow('stopped by a person')
})

test('what a task waits for is said until it goes on, or another phase begins', () => {
  const task = createTask({ clock: createManualClock().clock })
  task.wait('vault')
  expect(task.progress.waitsFor).toBe('vault')
  task.wait(undefined)
  expect(task.progress).not.toHaveProperty('waitsFor')
  task.wait('vault')
  task.setPhase('transfer')
  expect(task.progress.waitsFor).toBeUndefined()
})
