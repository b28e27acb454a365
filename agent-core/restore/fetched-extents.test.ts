import { expect, test } from 'vitest'
import { FetchedExtents, type RemoteExtents, ToFetch } from './fetched-extents.ts'

const mib = 2 ** 20

/** Extents of 1 MiB, each full of its number; chunk file 0 lies in a folder. */
function remote(options: { readonly gives?: (extent: number) => boolean } = {}) {
  const asked: number[] = []
  const answers: (() => void)[] = []
  const source: RemoteExtents = {
    isHere: (chunk) => chunk === 0,
    sealedSizeBytes: () => mib,
    fetch: async (_, extent) => {
      asked.push(extent)
      await new Promise<void>((resolve) => answers.push(resolve))
      return options.gives?.(extent) === false ? undefined : Buffer.alloc(mib, extent)
    },
  }
  /** Answers what is asked for until `done` resolves. */
  const answering = async <Result>(done: Promise<Result>): Promise<Result> => {
    let isDone = false
    const end = (): void => void (isDone = true)
    done.then(end, end)
    while (!isDone) {
      for (const answer of answers.splice(0)) answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return await done
  }
  return { source, asked, answers, answering }
}

function wanting(source: RemoteExtents, ...extents: readonly number[]): ToFetch {
  const toFetch = new ToFetch()
  for (const extent of extents) toFetch.add({ chunk: 1, extent, ordinal: 0 }, source)
  return toFetch
}

const range = (from: number, until: number) => Array.from({ length: until - from }, (_, index) => from + index)

test('an extent counts once, and none that lies in a folder', () => {
  const { source } = remote()
  const toFetch = wanting(source, 4, 4, 4, 5)
  toFetch.add({ chunk: 0, extent: 6, ordinal: 0 }, source)
  expect(toFetch.places.map(({ extent }) => extent)).toEqual([4, 5])
  expect(toFetch.sizeBytes).toBe(2 * mib)
  expect([toFetch.isMuch, wanting(source, ...range(0, 8)).isMuch]).toEqual([false, true])
})

test('sixteen are asked for at a time; what is held is as it was fetched', async () => {
  const { source, asked, answering } = remote()
  const fetched = new FetchedExtents(source)
  const holding = fetched.hold(wanting(source, ...range(0, 20)))
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked).toHaveLength(16)
  const { extents } = await answering(holding)
  expect(extents.map(({ extent }) => extent)).toEqual(range(0, 20))
  expect(
    extents.every(({ extent, memory, sizeBytes }) => sizeBytes === mib && new Uint8Array(memory)[mib - 1] === extent),
  ).toBe(true)
})

test('who needs the same later finds it; memory is used again only once it was released', async () => {
  const { source, asked, answering } = remote()
  const fetched = new FetchedExtents(source)
  const memories = new Set<SharedArrayBuffer>()
  const kept = await answering(fetched.hold(wanting(source, 0)))
  for (let extent = 1; extent < 200; extent++) {
    const held = await answering(fetched.hold(wanting(source, extent, Math.max(1, extent - 5))))
    for (const { memory } of held.extents) memories.add(memory)
    held.release()
  }
  expect(asked).toEqual(range(0, 200))
  expect(memories.size).toBeLessThan(50)
  expect(memories.has(kept.extents[0]?.memory as SharedArrayBuffer)).toBe(false)
  expect(new Uint8Array(kept.extents[0]?.memory as SharedArrayBuffer).every((byte) => byte === 0)).toBe(true)
})

test('what no source gives is left out, and asked for again by the next', async () => {
  let gives = false
  const { source, asked, answering } = remote({ gives: (extent) => gives || extent !== 2 })
  const fetched = new FetchedExtents(source)
  const first = await answering(fetched.hold(wanting(source, 1, 2)))
  expect(first.extents.map(({ extent }) => extent)).toEqual([1])
  gives = true
  const second = await answering(fetched.hold(wanting(source, 1, 2)))
  expect(second.extents.map(({ extent }) => extent)).toEqual([1, 2])
  expect(asked).toEqual([1, 2, 2])
})

test('once stopped, nothing more is asked for, and it waits for what was', async () => {
  const { source, asked, answers, answering } = remote()
  const fetched = new FetchedExtents(source)
  const holding = fetched.hold(wanting(source, ...range(0, 40)))
  await new Promise((resolve) => setImmediate(resolve))
  let isStopped = false
  const stopping = fetched.stop().then(() => (isStopped = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect([isStopped, answers.length]).toEqual([false, 16])
  await answering(stopping)
  const { extents } = await holding
  expect([asked.length, extents.length]).toEqual([16, 16])
})
