import { z } from 'zod'
import { bytes, count, path, text, time, type Value } from '../bounds.ts'
import { pauseDocument } from './overview.ts'

/** How the agent in the background is. */
export const agentStatus = z.object({
  pid: count,
  product: text,
  home: path,
  startedAt: time,
  /** Where a browser finds it, without the token; null: it listens on no port. */
  web: text.nullable(),
  /** Until when the schedules rest; null: they are followed. */
  pausedUntil: pauseDocument.shape.pausedUntil,
  /** Memory that it takes, in bytes. */
  memory: bytes,
  liveJobs: count,
})
export type AgentStatus = Value<typeof agentStatus>
