import { useRef } from 'react'
import type { Progress } from '../../agent-core/contract/index.ts'
import { measureRate, type RateState } from '../client/rate.ts'
import { systemClock } from '../platform/clock.ts'

/** The rate of a progress that is shown again with each change. */
export function useRate(progress: Progress | null): RateState | undefined {
  const rate = useRef<RateState>(undefined)
  if (progress !== null) rate.current = measureRate(rate.current, progress, systemClock.nowMs())
  return progress === null ? undefined : rate.current
}
