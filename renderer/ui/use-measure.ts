import { useEffect, useState } from 'react'
import type { FolderMeasuresDocument, MeasureRequest } from '../../agent-core/contract/index.ts'
import { type AgentError, shownError } from '../client/agent-error.ts'
import { useAgent, useIsOnline } from '../client/use-agent.ts'
import { systemClock } from '../platform/clock.ts'

const quietMs = 300

/** How much folders hold, told while it is found out; begins anew, after a moment, when the request changes. */
export function useMeasure(request: MeasureRequest): {
  readonly measures: FolderMeasuresDocument | undefined
  readonly error: AgentError | undefined
} {
  const agent = useAgent()
  const isOnline = useIsOnline()
  const [measures, setMeasures] = useState<FolderMeasuresDocument>()
  const [error, setError] = useState<AgentError>()
  const key = JSON.stringify(request)
  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    const read = async () => {
      await systemClock.delay(quietMs, signal)
      if (signal.aborted) return
      const wanted = JSON.parse(key) as MeasureRequest
      setError(undefined)
      if (wanted.folders.length === 0) return setMeasures(undefined)
      for await (const next of agent.measureFolders(wanted, { signal })) {
        if (signal.aborted) return
        setMeasures(next)
      }
    }
    if (isOnline) {
      void read().catch((cause: unknown) => {
        if (!signal.aborted) setError(shownError(cause))
      })
    }
    return () => stop.abort()
  }, [agent, isOnline, key])
  return { measures, error }
}
