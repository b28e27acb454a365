import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OutcomePacker, packRequests, unpackOutcomes, unpackRequests } from './file-batch.ts'
import type { FileOutcome } from './file-outcome.ts'

const request = fc.record({
  path: fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes.map((byte) => byte || 1)).toString('latin1')),
  sizeBytes: fc.nat(),
  volume: fc.constantFrom(0, 7),
  previous: fc.constantFrom(undefined, { splitting: { mode: 'content' as const }, parts: [], sparse: false }),
})
const outcome: fc.Arbitrary<FileOutcome> = fc.oneof(
  fc.record({
    state: fc.constant('captured' as const),
    encoded: fc.uint8Array({ minLength: 1 }),
    sizeBytes: fc.maxSafeNat(),
    bytesRead: fc.maxSafeNat(),
    isChanging: fc.boolean(),
    metadataProblem: fc.option(fc.string(), { nil: undefined }),
  }),
  fc.constantFrom<FileOutcome>({ state: 'vanished' }, { state: 'replaced' }, { state: 'excluded' }),
  fc.record({ state: fc.constant('unreadable' as const), reason: fc.string() }),
)

test('requests arrive as they were sent, but for their lengths', () => {
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const arrived = unpackRequests(structuredClone(packRequests(requests)))
      expect(arrived).toEqual(requests.map(({ path, volume, previous }) => ({ path, volume, previous })))
    }),
  )
})

test('outcomes arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      const packer = new OutcomePacker(outcomes.length)
      for (const one of outcomes) packer.add(one)
      const packed = packer.finish()
      const transfer = [packed.encoded.buffer, packed.numbers.buffer]
      expect([...unpackOutcomes(structuredClone(packed, { transfer }))]).toEqual(outcomes)
    }),
  )
})
