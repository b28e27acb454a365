import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseBounds, formatPlace, parsePlace, smallest } from './window-bounds.ts'

const screens = [
  { x: 0, y: 25, width: 1280, height: 775 },
  { x: 1280, y: 0, width: 1920, height: 1080 },
]

test('a remembered place comes back where a screen shows its title bar', () => {
  const place = { x: 1400, y: 100, width: 1000, height: 700, isMaximized: false }
  expect(parsePlace(formatPlace(place))).toEqual(place)
  expect(chooseBounds(place, screens)).toEqual({ x: 1400, y: 100, width: 1000, height: 700 })
})

test('on a screen that is gone the size alone is kept', () => {
  const place = { x: 1400, y: 100, width: 1000, height: 700, isMaximized: false }
  expect(chooseBounds(place, screens.slice(0, 1))).toEqual({ width: 1000, height: 700 })
  expect(chooseBounds({ ...place, x: 10, y: 0 }, screens.slice(0, 1))).toEqual({ width: 1000, height: 700 })
})

test('whatever was remembered, the window can be seen and moved', () => {
  const number = fc.integer({ min: -100_000, max: 100_000 })
  const place = fc.record({ x: number, y: number, width: number, height: number, isMaximized: fc.boolean() })
  fc.assert(
    fc.property(place, (remembered) => {
      const { x, y, width, height } = chooseBounds(remembered, screens)
      expect(width).toBeGreaterThanOrEqual(smallest.width)
      expect(height).toBeGreaterThanOrEqual(smallest.height)
      if (x === undefined || y === undefined) return
      const isShown = screens.some(
        (screen) =>
          x + width > screen.x && x < screen.x + screen.width && y >= screen.y && y < screen.y + screen.height,
      )
      expect(isShown).toBe(true)
    }),
  )
})

test.each([
  '',
  'null',
  '[]',
  '{}',
  '{"x":1,"y":2,"width":"a","height":3,"isMaximized":true}',
  '{"x":1e999}',
  'no json',
])('what is no place is forgotten: %s', (text) => {
  expect(parsePlace(text)).toBeUndefined()
})
