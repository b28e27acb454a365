import { expect, test } from 'vitest'
import type { DirectorySection } from '../format/tree.ts'
import type { DirectoryBuilder, Settled } from './directory-builder.ts'
import { SlotQueue } from './slot-queue.ts'

function recording() {
  const steps: string[] = []
  const section: DirectorySection = { entriesBelow: 0, bytesBelow: 0 }
  const builder: Pick<DirectoryBuilder, 'add' | 'addUnchanged' | 'markChanged' | 'finish'> = {
    add: (name) => {
      steps.push(Buffer.from(name).toString())
      return Promise.resolve()
    },
    addUnchanged: ({ name }) => {
      steps.push(`${Buffer.from(name).toString()} unchanged`)
    },
    markChanged: () => {
      steps.push('changed')
      return Promise.resolve()
    },
    finish: () => section,
  }
  return { steps, section, queue: new SlotQueue(builder) }
}

const settled: Settled = { encoded: Buffer.alloc(1), sizeBytes: 0, entriesBelow: 0 }
const slotOf = (name: string, later?: Promise<Settled | undefined>) => ({
  name: Buffer.from(name),
  previous: undefined,
  ...(later ? { later } : { now: settled }),
})

test('entries keep the order of their names, whenever they are captured', async () => {
  const { steps, queue, section } = recording()
  const late = Promise.withResolvers<Settled>()
  await queue.add(slotOf('a', late.promise))
  await queue.add(slotOf('b'))
  expect(steps).toEqual([])
  const finished = queue.finish()
  late.resolve(settled)
  expect(await finished).toBe(section)
  expect(steps).toEqual(['a', 'b'])
})

test('an entry that is none after all is a change', async () => {
  const { steps, queue } = recording()
  await queue.add(slotOf('a', Promise.resolve(undefined)))
  await queue.add(slotOf('b'))
  await queue.finish()
  expect(steps).toEqual(['changed', 'b'])
})

test('where nothing waits, an entry goes on at once and nobody is waited for', () => {
  const { steps, queue, section } = recording()
  void queue.addUnchanged({ name: Buffer.from('a'), encoded: Buffer.alloc(1), sizeBytes: 1 })
  void queue.add(slotOf('b'))
  expect(steps).toEqual(['a unchanged', 'b'])
  expect(queue.finish()).toBe(section)
})

test('an unchanged entry behind one that waits keeps its place', async () => {
  const { steps, queue } = recording()
  await queue.add(slotOf('a', Promise.resolve(settled)))
  await queue.addUnchanged({ name: Buffer.from('b'), encoded: Buffer.alloc(1), sizeBytes: 1 })
  expect(steps).toEqual([])
  await queue.finish()
  expect(steps).toEqual(['a', 'b'])
})

test('only so many wait; the first half goes on when they are too many', async () => {
  const { steps, queue } = recording()
  const late = () => Promise.resolve(settled)
  for (let count = 0; count < 1023; count++) await queue.add(slotOf(`${count}`, late()))
  expect(steps).toEqual([])
  await queue.add(slotOf('1023', late()))
  expect(steps).toHaveLength(512)
  await queue.finish()
  expect(steps).toEqual(Array.from({ length: 1024 }, (_, index) => `${index}`))
})

test('a failed capture fails the directory', async () => {
  const { queue } = recording()
  const failed = Promise.reject(new Error('the engine is gone'))
  failed.catch(() => undefined)
  await queue.add(slotOf('a', failed))
  await expect(queue.finish()).rejects.toThrow('the engine is gone')
})
