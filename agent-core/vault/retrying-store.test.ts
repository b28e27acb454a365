/** Retries: what is tried again, how long is waited, what is not. */
import { describe, expect, test } from 'vitest'
import { AgentError } from '../base/agent-error.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { createRetryingStore } from './retrying-store.ts'

function make(errors: readonly AgentError[], jitter = 0xffffffff) {
  const waits: number[] = []
  const clock: Clock = {
    nowMs: () => 0,
    delay: async (ms, signal) => {
      signal?.throwIfAborted()
      waits.push(Math.round(ms))
    },
  }
  const random = {
    bytes: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(jitter)
      return bytes
    },
  }
  const left = [...errors]
  const memory = createMemoryStore({ clock: systemClock })
  const failing: ObjectStore = {
    ...memory,
    get: async (name, options) => {
      const error = left.shift()
      if (error !== undefined) throw error
      return await memory.get(name, options)
    },
    list: async function* (prefix, options) {
      let count = 0
      for await (const info of memory.list(prefix, options)) {
        yield info
        count++
        const error = count === 2 ? left.shift() : undefined
        if (error !== undefined) throw error
      }
    },
  }
  return { store: createRetryingStore(failing, { clock, random }), memory, waits, left }
}

const address = 's3://b'
const broken = new AgentError('store.interrupted', { address, reason: 'reset' })
const busy = (retryAfterMs?: number) =>
  new AgentError('store.busy', { address, reason: '503', ...(retryAfterMs !== undefined && { retryAfterMs }) })

describe('a retrying store', () => {
  test('tries a broken connection again, with pauses that double', async () => {
    const { store, memory, waits } = make([broken, broken, broken])
    await memory.put('a', Buffer.from('x'))
    expect((await store.get('a')).toString()).toBe('x')
    expect(waits).toEqual([400, 800, 1600])
  })

  test('spreads its pauses from nothing to their bound', async () => {
    const { store, memory, waits } = make([broken, broken], 0)
    await memory.put('a', Buffer.from('x'))
    await store.get('a')
    expect(waits).toEqual([0, 0])
  })

  test('waits as long as the server asks for, and gives up where that is too long', async () => {
    const { store, memory, waits } = make([busy(7000), busy(130_000)])
    await memory.put('a', Buffer.from('x'))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store.busy' })
    expect(waits).toEqual([7000])
  })

  test('gives up after so many tries', async () => {
    const { store, waits, left } = make(Array.from({ length: 20 }, () => busy()))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store.busy' })
    expect([waits.length, left.length, Math.max(...waits)]).toEqual([7, 12, 20_000])
  })

  test.each([
    new AgentError('store.failed', { address, reason: 'other' }),
    new AgentError('vault.denied', { address, reason: 'no' }),
    new AgentError('vault.credentials-expired', { address }),
    new AgentError('store.conflict', { object: 'a' }),
  ])('does not try $code again', async (error) => {
    const { store, waits } = make([error])
    await expect(store.get('a')).rejects.toBe(error)
    expect(waits).toEqual([])
  })

  test('ends its pause when the signal aborts', async () => {
    const { store } = make([broken])
    const reason = new Error('enough')
    await expect(store.get('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('goes on with a listing after the last name it gave', async () => {
    const { store, memory, waits } = make([broken, broken])
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const name of names) await memory.put(name, Buffer.from(name))
    const listed = await Array.fromAsync(store.list(''))
    expect(listed.map(({ name }) => name)).toEqual(names)
    expect(waits).toHaveLength(2)
  })
})
