import { expect, test } from 'vitest'
import { compress } from '../../../agent-core/codec/compression.ts'
import { dataKinds, seededData } from './seeded-data.ts'

const sizeBytes = 256 * 1024

test.each(dataKinds)('%s: the same for the same seed, another for another, and no byte too many', (kind) => {
  const data = seededData(kind, sizeBytes, 1)
  expect(data.length).toBe(sizeBytes)
  expect(data.equals(seededData(kind, sizeBytes, 1))).toBe(true)
  expect(data.equals(seededData(kind, sizeBytes, 2))).toBe(false)
})

test('text and pages can be compressed, by zstd more than by LZ4; random data cannot', () => {
  for (const kind of ['text', 'pages'] as const) {
    const data = seededData(kind, sizeBytes, 1)
    const [lz4, zstd] = [compress(data, 'lz4'), compress(data, 'zstd')]
    expect([lz4.method, zstd.method]).toEqual(['lz4', 'zstd'])
    expect(lz4.bytes.length).toBeLessThan(sizeBytes * 0.8)
    expect(lz4.bytes.length).toBeGreaterThan(sizeBytes * 0.2)
    expect(zstd.bytes.length).toBeLessThan(lz4.bytes.length)
  }
  expect(compress(seededData('random', sizeBytes, 1), 'lz4').method).toBe('stored')
})
