/**
 * Progress on standard error. On a terminal one line is drawn over and over, at most four times a second, and erased
 * at the end; elsewhere a line is printed when the phase changes and then at most every five seconds.
 */
import type { Clock } from '../base/clock.ts'
import type { Progress } from '../base/task.ts'
import { formatCount, formatDuration, formatSize } from './amounts.ts'
import { displayWidth, fitText, plainText } from './plain-text.ts'

export interface ProgressDisplay extends Disposable {
  readonly show: (progress: Progress) => void
  /** Takes the line away, so that something else can be said; the next state draws it again. */
  readonly clear: () => void
}

export interface ProgressDisplayOptions {
  readonly write: (text: string) => void
  /** Cells of the terminal; undefined: no terminal. */
  readonly width: number | undefined
  readonly clock: Clock
}

const drawEveryMs = 250
const printEveryMs = 5000
const speedWindowMs = 10_000
const barWidth = 20
const eraseLine = '\r\u001b[2K'

/** Shows nothing. */
export const silentDisplay: ProgressDisplay = { show: () => {}, clear: () => {}, [Symbol.dispose]: () => {} }

export function createProgressDisplay({ write, width, clock }: ProgressDisplayOptions): ProgressDisplay {
  let meter = createSpeedMeter()
  let phase: string | undefined
  let lastShownMs = Number.NEGATIVE_INFINITY
  let isDrawn = false
  const clear = (): void => {
    if (isDrawn) write(eraseLine)
    isDrawn = false
  }
  return {
    show: (progress) => {
      const nowMs = clock.nowMs()
      const isNewPhase = progress.phase !== phase
      if (isNewPhase) meter = createSpeedMeter()
      phase = progress.phase
      meter.add(nowMs, progress.bytesDone)
      const silentMs = nowMs - lastShownMs
      if (!isNewPhase && silentMs >= 0 && silentMs < (width === undefined ? printEveryMs : drawEveryMs)) return
      lastShownMs = nowMs
      if (width === undefined) {
        write(`${progressWords(progress, meter.bytesPerSecond)}\n`)
        return
      }
      write(`${eraseLine}${progressLine(progress, meter.bytesPerSecond, width)}`)
      isDrawn = true
    },
    clear,
    [Symbol.dispose]: clear,
  }
}

/** A state in one line of words: `capture: 1,200 of 3,000 files, 40 %, …`. */
export function progressWords(progress: Progress, bytesPerSecond: number | undefined): string {
  const share = shareDone(progress)
  const parts = [
    ...amounts(progress),
    ...(share === undefined ? [] : [`${Math.floor(share * 100)} %`]),
    ...pace(progress, bytesPerSecond),
    ...(progress.warnings > 0
      ? [`${formatCount(progress.warnings)} warning${progress.warnings === 1 ? '' : 's'}`]
      : []),
    ...waiting(progress),
  ]
  return parts.length === 0 ? progress.phase : `${progress.phase}: ${parts.join(', ')}`
}

/** A state as a line with a bar that fits `width` cells. */
export function progressLine(progress: Progress, bytesPerSecond: number | undefined, width: number): string {
  const share = shareDone(progress)
  const bar = share === undefined ? [] : [`${drawBar(share)} ${String(Math.floor(share * 100)).padStart(3)} %`]
  const parts = [
    progress.phase.padEnd(8),
    ...bar,
    ...amounts(progress),
    ...pace(progress, bytesPerSecond),
    ...waiting(progress),
  ]
  const line = parts.join('  ')
  // The last cell stays free: some terminals go to the next line when it is written.
  const room = width - 1 - displayWidth(line) - 2
  if (progress.current === undefined || room < 10) return fitText(line, width - 1)
  return `${line}  ${fitText(plainText(progress.current), room, 'end')}`
}

function waiting({ waitsFor }: Progress): string[] {
  return waitsFor === undefined ? [] : [`waiting for the ${waitsFor}`]
}

function drawBar(share: number): string {
  const full = Math.round(share * barWidth)
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`
}

function shareDone(progress: Progress): number | undefined {
  const share = (done: number, expected: number | undefined): number | undefined =>
    expected === undefined || expected <= 0 ? undefined : Math.min(1, done / expected)
  return share(progress.bytesDone, progress.bytesExpected) ?? share(progress.filesDone, progress.filesExpected)
}

function amounts(progress: Progress): string[] {
  const { filesDone, filesExpected, bytesDone, bytesExpected } = progress
  const files =
    filesExpected === undefined
      ? `${formatCount(filesDone)} files`
      : `${formatCount(filesDone)} of ${formatCount(filesExpected)} files`
  const bytes =
    bytesExpected === undefined ? formatSize(bytesDone) : `${formatSize(bytesDone)} of ${formatSize(bytesExpected)}`
  return [
    ...(filesDone > 0 || filesExpected !== undefined ? [files] : []),
    ...(bytesDone > 0 || bytesExpected !== undefined ? [bytes] : []),
  ]
}

function pace(progress: Progress, bytesPerSecond: number | undefined): string[] {
  if (bytesPerSecond === undefined || bytesPerSecond <= 0) return []
  const leftBytes = progress.bytesExpected === undefined ? undefined : progress.bytesExpected - progress.bytesDone
  const speed = `${formatSize(bytesPerSecond)}/s`
  if (leftBytes === undefined || leftBytes <= 0) return [speed]
  return [speed, `${formatDuration((leftBytes / bytesPerSecond) * 1000)} left`]
}

interface SpeedMeter {
  add(atMs: number, bytesDone: number): void
  /** Mean of the last ten seconds; undefined until half a second was seen. */
  readonly bytesPerSecond: number | undefined
}

function createSpeedMeter(): SpeedMeter {
  const samples: { readonly atMs: number; readonly bytesDone: number }[] = []
  return {
    add: (atMs, bytesDone) => {
      samples.push({ atMs, bytesDone })
      while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= speedWindowMs) samples.shift()
    },
    get bytesPerSecond() {
      const first = samples[0]
      const last = samples.at(-1)
      if (first === undefined || last === undefined || last.atMs - first.atMs < 500) return undefined
      return ((last.bytesDone - first.bytesDone) * 1000) / (last.atMs - first.atMs)
    },
  }
}
