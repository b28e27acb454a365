/** Hashing: block ids of the lengths that blocks have, and plain SHA-256. */
import { blockId, sha256 } from '../../../agent-core/codec/block-id.ts'
import type { Timed } from './run-measures.ts'
import { seededData } from './seeded-data.ts'

const kibibyte = 1024
/** Bytes hashed in a round. */
const roundBytes = 64 * kibibyte ** 2

export function* hashBench(): Generator<Timed, void, undefined> {
  const key = seededData('random', 32, 1)
  for (const kibibytes of [1, 16, 256, 1024]) {
    const block = seededData('random', kibibytes * kibibyte, 2)
    const count = roundBytes / block.length
    yield {
      name: `blockId, ${kibibytes} KiB`,
      amount: { bytes: roundBytes },
      work: () => {
        for (let done = 0; done < count; done++) blockId(key, block)
      },
    }
    yield {
      name: `sha256, ${kibibytes} KiB`,
      amount: { bytes: roundBytes },
      work: () => {
        for (let done = 0; done < count; done++) sha256(block)
      },
    }
  }
}
