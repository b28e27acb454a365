/** Data of three kinds, the same for the same seed. */
import { createCipheriv, createHash } from 'node:crypto'
import { seededRandom } from '../../support/seeded-random.ts'

export type DataKind = 'text' | 'pages' | 'random'

export const dataKinds: readonly DataKind[] = ['text', 'pages', 'random']

const pageSizeBytes = 8192
const wordCount = 2000

/** `sizeBytes` bytes that compress like text, like a database's pages, or not at all. */
export function seededData(kind: DataKind, sizeBytes: number, seed: number): Buffer {
  switch (kind) {
    case 'random':
      return randomData(sizeBytes, seed)
    case 'text':
      return textData(sizeBytes, seededRandom(seed))
    case 'pages':
      return pageData(sizeBytes, seed)
  }
}

/** The key stream of AES-128-CTR. */
function randomData(sizeBytes: number, seed: number): Buffer {
  const key = createHash('sha256').update(`seed ${seed}`).digest().subarray(0, 16)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes))
}

/** Words of three to ten letters, few of them often. */
function textData(sizeBytes: number, random: () => number): Buffer {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  const letter = (): string => letters[Math.floor(random() ** 2 * letters.length)] as string
  const words = Array.from({ length: wordCount }, () =>
    Array.from({ length: 3 + Math.floor(random() * 8) }, letter).join(''),
  )
  const data = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; ) {
    const end = random() < 0.1 ? '.\n' : ' '
    at += data.write(`${words[Math.floor(random() ** 2 * wordCount)]}${end}`, at, 'latin1')
  }
  return data
}

/** Pages of 8 KiB: a header and records that no other page repeats, some text, and free space at the end. */
function pageData(sizeBytes: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const noise = randomData(sizeBytes, seed)
  const text = textData(64 * 1024, random)
  const data = Buffer.alloc(sizeBytes)
  for (let page = 0; page < sizeBytes; page += pageSizeBytes) {
    const end = Math.min(sizeBytes, page + pageSizeBytes * (0.7 + 0.3 * random()))
    for (let at = page; at < end; at += 64) {
      noise.copy(data, at, at, Math.min(at + 12, end))
      const from = Math.floor(random() * (text.length - 64))
      text.copy(data, at + 12, from, from + Math.max(0, Math.min(52, Math.floor(end) - at - 12)))
    }
  }
  return data
}
