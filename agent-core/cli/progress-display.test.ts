import { describe, expect, test } from 'vitest'
import type { Progress } from '../base/task.ts'
import { displayWidth } from './plain-text.ts'
import { createProgressDisplay, progressLine, progressWords } from './progress-display.ts'

const MiB = 1024 * 1024
const half: Progress = {
  phase: 'capture',
  filesDone: 1500,
  filesExpected: 3000,
  bytesDone: 50 * MiB,
  bytesExpected: 100 * MiB,
  current: '/home/me/evil\u001b[2J\nname',
  warnings: 1,
}

describe('a state of progress', () => {
  test('in words: amounts, share, speed, time left, warnings', () => {
    expect(progressWords(half, 10 * MiB)).toBe(
      'capture: 1,500 of 3,000 files, 50.0 MiB of 100 MiB, 50 %, 10.0 MiB/s, 0:05 left, 1 warning',
    )
  })

  test('says what is waited for, in words and as a line', () => {
    const waiting: Progress = { ...half, waitsFor: 'vault' }
    expect(progressWords(waiting, undefined)).toContain('1 warning, waiting for the vault')
    expect(progressLine(waiting, undefined, 200)).toContain('waiting for the vault')
  })

  test('in words before anything is known', () => {
    expect(progressWords({ phase: 'estimate', filesDone: 0, bytesDone: 0, warnings: 0 }, undefined)).toBe('estimate')
  })

  test.each([20, 40, 80, 120, 300])('as a line fits %i cells and holds no control character', (width) => {
    const line = progressLine(half, 10 * MiB, width)
    expect(displayWidth(line)).toBeLessThan(width)
    expect(line).not.toMatch(/\p{Cc}/u)
  })

  test('as a line shows the bar and the end of the current path', () => {
    const line = progressLine(half, 10 * MiB, 140)
    expect(line).toContain('██████████░░░░░░░░░░  50 %')
    expect(line).toMatch(/\\nname$/)
  })
})

function display(width: number | undefined) {
  let nowMs = 1_000_000
  let text = ''
  const shown = createProgressDisplay({
    write: (part) => {
      text += part
    },
    width,
    clock: { nowMs: () => nowMs, delay: async () => {} },
  })
  return {
    shown,
    at: (ms: number, progress: Partial<Progress>) => {
      nowMs = 1_000_000 + ms
      shown.show({ ...half, ...progress })
    },
    text: () => text,
  }
}

describe('off a terminal', () => {
  test('prints a line a phase and then one every five seconds', () => {
    const { at, text } = display(undefined)
    at(0, {})
    at(1000, {})
    at(4999, {})
    at(5000, {})
    at(5100, { phase: 'transfer' })
    const lines = text().trimEnd().split('\n')
    expect(lines.map((line) => line.split(':')[0])).toEqual(['capture', 'capture', 'transfer'])
    expect(text()).not.toContain('\r')
  })
})

describe('on a terminal', () => {
  test('draws over its line at most four times a second and erases it at the end', () => {
    const { at, shown, text } = display(100)
    for (let ms = 0; ms < 1000; ms += 10) at(ms, { bytesDone: ms })
    expect(text().match(/\r/g)).toHaveLength(4)
    expect(text()).not.toContain('\n')
    shown.clear()
    expect(text().endsWith('\r\u001b[2K')).toBe(true)
    const before = text()
    shown.clear()
    expect(text()).toBe(before)
  })

  test('the speed is the mean of the last ten seconds', () => {
    const { at, text } = display(200)
    at(0, { bytesDone: 0, bytesExpected: 1000 * MiB })
    for (let second = 1; second <= 20; second++) at(second * 1000, { bytesDone: 2 * second * MiB })
    expect(text().split('\r').at(-1)).toContain('2.0 MiB/s')
  })

  test('goes on when the clock is set back', () => {
    const { at, text } = display(100)
    at(10_000, {})
    at(-90_000, { bytesDone: 60 * MiB })
    expect(text()).toContain('60.0 MiB')
  })
})
