/** Sealing and opening of extents: compression and encryption together, by kind of data. MB/s of plain bytes. */
import type { Compression } from '../../../agent-core/codec/compression.ts'
import { openExtent, sealExtent } from '../../../agent-core/codec/seal-extent.ts'
import type { Timed } from './run-measures.ts'
import { dataKinds, seededData } from './seeded-data.ts'

const kibibyte = 1024
/** Plain bytes sealed in a round. */
const roundBytes = 8 * kibibyte ** 2

/** Random data is stored as it is, by either compression: its lines are the cost of the probe and of encryption alone. */
export function* sealBench(): Generator<Timed, void, undefined> {
  const key = seededData('random', 32, 1)
  for (const kind of dataKinds) {
    const data = seededData(kind, roundBytes, 2)
    for (const kibibytes of [16, 256, 1024]) {
      for (const compression of ['lz4', 'zstd'] as const) {
        const what = `${kind}, ${kibibytes} KiB, ${compression}`
        const sizeBytes = kibibytes * kibibyte
        yield {
          name: `sealExtent, ${what}`,
          amount: { bytes: roundBytes },
          work: () => void sealAll(key, data, sizeBytes, compression),
        }
        const sealed = sealAll(key, data, sizeBytes, compression).map((pieces) => Buffer.concat(pieces))
        yield { name: `openExtent, ${what}`, amount: { bytes: roundBytes }, work: () => openAll(key, sealed) }
      }
    }
  }
}

/** Each extent is one block. */
function sealAll(
  key: Uint8Array,
  data: Buffer,
  sizeBytes: number,
  compression: Compression,
): (readonly Uint8Array[])[] {
  return Array.from({ length: data.length / sizeBytes }, (_, number) => {
    const raw = data.subarray(number * sizeBytes, (number + 1) * sizeBytes)
    return sealExtent(key, number, raw, [sizeBytes], compression).pieces
  })
}

function openAll(key: Uint8Array, sealed: readonly Buffer[]): void {
  for (const [number, bytes] of sealed.entries()) openExtent(key, number, bytes, 'extent', 0)
}
