import { useEffect, useState } from 'react'
import { systemClock } from '../platform/clock.ts'

/** The value once it has stayed the same for so long; until then the one before. */
export function useSettled<Value>(value: Value, quietMs: number): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const stop = new AbortController()
    void systemClock.delay(quietMs, stop.signal).then(() => {
      if (!stop.signal.aborted) setSettled(value)
    })
    return () => stop.abort()
  }, [value, quietMs])
  return settled
}
