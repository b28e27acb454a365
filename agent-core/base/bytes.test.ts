import { expect, test } from 'vitest'
import { releaseBytes } from './bytes.ts'

test('a large buffer is given back; one that may lie in a shared pool is left alone', () => {
  const large = Buffer.allocUnsafeSlow(100_000)
  releaseBytes(large.subarray(5))
  expect(large).toHaveLength(0)
  const small = Buffer.from('beside others')
  releaseBytes(small)
  expect(small.toString()).toBe('beside others')
})
