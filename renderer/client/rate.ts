/** How fast a job goes, and how long it will take, from what it told of its progress. Pure. */
import type { Progress } from '../../agent-core/contract/index.ts'

export interface RateState {
  readonly phase: string
  readonly atMs: number
  readonly bytesDone: number
  readonly filesDone: number
  /** Smoothed; undefined until there are two measurements of one phase. */
  readonly bytesPerSecond: number | undefined
  readonly filesPerSecond: number | undefined
}

/** Half of what a measurement says of the past is forgotten after so long. */
const halfLifeMs = 4000
const shortestMs = 150

/** Takes a progress in; a new phase begins anew. */
export function measureRate(state: RateState | undefined, progress: Progress, nowMs: number): RateState {
  const { phase, bytesDone, filesDone } = progress
  const isSame = state !== undefined && state.phase === phase && bytesDone >= state.bytesDone && nowMs >= state.atMs
  if (!isSame) return { phase, atMs: nowMs, bytesDone, filesDone, bytesPerSecond: undefined, filesPerSecond: undefined }
  const passedMs = nowMs - state.atMs
  if (passedMs < shortestMs) return state
  const share = 1 - 0.5 ** (passedMs / halfLifeMs)
  const blend = (old: number | undefined, done: number, before: number) => {
    const now = ((done - before) * 1000) / passedMs
    return old === undefined ? now : old + (now - old) * share
  }
  return {
    phase,
    atMs: nowMs,
    bytesDone,
    filesDone,
    bytesPerSecond: blend(state.bytesPerSecond, bytesDone, state.bytesDone),
    filesPerSecond: blend(state.filesPerSecond, filesDone, state.filesDone),
  }
}

/** Seconds until the phase is done; undefined: nothing can be said. */
export function remainingSeconds(progress: Progress, rate: RateState | undefined): number | undefined {
  const { bytesExpected, bytesDone, filesExpected, filesDone } = progress
  if (bytesExpected !== undefined && bytesExpected > 0 && (rate?.bytesPerSecond ?? 0) > 1) {
    return Math.max(0, bytesExpected - bytesDone) / (rate?.bytesPerSecond ?? 1)
  }
  if (filesExpected !== undefined && (rate?.filesPerSecond ?? 0) > 0.1) {
    return Math.max(0, filesExpected - filesDone) / (rate?.filesPerSecond ?? 1)
  }
  return undefined
}

/** Share of the phase that is done, 0 to 1; undefined: nobody knows how much there is. */
export function shareDone({ bytesDone, bytesExpected, filesDone, filesExpected }: Progress): number | undefined {
  if (bytesExpected !== undefined && bytesExpected > 0) return Math.min(1, bytesDone / bytesExpected)
  if (filesExpected !== undefined && filesExpected > 0) return Math.min(1, filesDone / filesExpected)
  return undefined
}
