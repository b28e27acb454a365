import { describe, expect, test } from 'vitest'
import { copyName } from './conflict.ts'

const timeMs = new Date(2026, 10, 22, 14, 30, 59).getTime()

describe('the name of a copy', () => {
  test('says when and of what', () => {
    expect(copyName(Buffer.from('name.txt'), timeMs, 1).toString()).toBe('2026-11-22 14-30 Copy of name.txt')
    expect(copyName(Buffer.from('name.txt'), timeMs, 3).toString()).toBe('2026-11-22 14-30 Copy (3) of name.txt')
  })

  test('fits a file system and keeps extension and whole characters', () => {
    const name = copyName(Buffer.from(`${'ä'.repeat(125)}.jpeg`), timeMs, 1)
    expect(name.length).toBeLessThanOrEqual(255)
    expect(name.toString()).toMatch(/^2026-11-22 14-30 Copy of ä+\.jpeg$/)
    const noExtension = copyName(Buffer.from(`.${'x'.repeat(254)}`), timeMs, 1)
    expect(noExtension.length).toBe(255)
    expect(noExtension.toString()).toMatch(/^2026-11-22 14-30 Copy of \.x+$/)
  })
})
