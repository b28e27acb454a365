/** The setting `upload-limit`: what uploads to servers keep to, all of a home together. */
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { createPace, type Pace } from '../base/pace.ts'
import type { StateDb } from '../state/state-db.ts'

/** 512 kbit/s and 1 Gbit/s, in bytes a second. */
const leastUploadLimit = 64_000
const mostUploadLimit = 125_000_000

/** Bytes a second; null: no limit. */
export function uploadLimitOf(state: StateDb): number | null {
  const limit = state.setting('upload-limit')
  return limit === undefined ? null : Number(limit)
}

/** Throws `usage.invalid`. */
export function checkUploadLimit(limit: number | null | undefined): void {
  if (limit === undefined || limit === null || (limit >= leastUploadLimit && limit <= mostUploadLimit)) return
  throw new AgentError('usage.invalid', {
    problem: `Uploads cannot be limited to ${Math.round((limit * 8) / 1000)} kbit/s.`,
    advice: 'Give 512kbit to 1Gbit (a second), or default for no limit.',
  })
}

/** The pace that goes with the setting as it is when it is asked for, the same one as long as that stays. */
export function createUploadPace(state: StateDb, clock: Clock): () => Pace | undefined {
  let pace: Pace | undefined
  return () => {
    const limit = uploadLimitOf(state)
    if (limit === null) pace = undefined
    else if (pace?.bytesPerSecond !== limit) pace = createPace(limit, clock)
    return pace
  }
}
