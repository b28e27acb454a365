import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareInWalk } from './walk-order.ts'

test('paths compare as a depth-first walk by names meets them', () => {
  const name = fc.stringMatching(/^[!-.0-~]{1,3}$/)
  const path = fc.array(name, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(path, path, (a, b) => {
      const common = a.findIndex((component, index) => component !== b[index])
      const at = common < 0 ? a.length : common
      const [left, right] = [a[at] ?? '', b[at] ?? '']
      const expected = left === right ? 0 : left < right ? -1 : 1
      expect(Math.sign(compareInWalk(`/${a.join('/')}`, `/${b.join('/')}`))).toBe(expected)
    }),
  )
})
