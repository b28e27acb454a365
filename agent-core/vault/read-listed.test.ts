import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createMemoryStore } from './memory-store.ts'
import { readListed } from './read-listed.ts'

test('an object that is longer than it was listed is damaged, and is not taken into memory', async () => {
  const store = createMemoryStore({ clock: systemClock })
  await store.put('a/1', Buffer.alloc(10))
  await store.put('a/2', Buffer.alloc(1_000_000))
  const listed = [
    { name: 'a/1', sizeBytes: 10 },
    { name: 'a/2', sizeBytes: 10 },
  ]
  const came: unknown[] = []
  for await (const { result } of readListed(store, listed)) {
    came.push(
      await result.then(
        ({ length }) => length,
        ({ code }: { code: string }) => code,
      ),
    )
  }
  expect(came).toEqual([10, 'format.invalid'])
})
