import { hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { ClaimSet, createClaimMemory } from './claim-set.ts'

const idOf = (number: number) => hash('sha256', String(number), 'buffer')

test('a block is claimed once, through all growth of the set', () => {
  const memory = createClaimMemory()
  const [one, other] = [new ClaimSet(memory), new ClaimSet(memory)]
  const count = 50_000
  for (let number = 0; number < count; number++) {
    const [first, second] = number % 2 === 0 ? [one, other] : [other, one]
    if (!first.claim(idOf(number)) || second.claim(idOf(number))) throw new Error(`block ${number}`)
  }
  let known = 0
  for (let number = 0; number < count; number++) if (!one.claim(idOf(number))) known++
  expect(known).toBe(count)
  expect(memory.byteLength).toBeLessThan(count * 48 + 1024)
})

test('ids that differ in any of their first 16 bytes are different blocks', () => {
  const set = new ClaimSet(createClaimMemory())
  const id = idOf(1)
  expect(set.claim(id)).toBe(true)
  for (let byte = 0; byte < 16; byte++) {
    const changed = Buffer.from(id)
    changed[byte] = (changed[byte] as number) ^ 0x80
    expect(set.claim(changed), `byte ${byte}`).toBe(true)
  }
  expect(set.claim(id)).toBe(false)
})

test('two threads that claim the same blocks at once share them out', async () => {
  const memory = createClaimMemory()
  const count = 30_000
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { hash } = require('node:crypto')
    import(workerData.module).then(({ ClaimSet }) => {
      const set = new ClaimSet(workerData.memory)
      const ids = Array.from({ length: workerData.count }, (_, number) => hash('sha256', String(number), 'buffer'))
      let claimed = 0
      Atomics.add(workerData.gate, 0, 1)
      while (Atomics.load(workerData.gate, 0) < 2) {}
      for (const id of ids) if (set.claim(id)) claimed++
      parentPort.postMessage(claimed)
    })`
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const module = new URL('./claim-set.ts', import.meta.url).href
  const claimed = await Promise.all(
    [1, 2].map(
      () =>
        new Promise<number>((resolve, reject) => {
          const worker = new Worker(source, { eval: true, workerData: { memory, count, gate, module } })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  expect(claimed.reduce((sum, part) => sum + part)).toBe(count)
})
