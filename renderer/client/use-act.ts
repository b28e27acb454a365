/** Something that a person has the agent do: one at a time, with its error where it was asked for. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { type AgentError, shownError } from './agent-error.ts'

export interface Act<Given extends readonly unknown[]> {
  readonly run: (...given: Given) => void
  readonly isBusy: boolean
  readonly error: AgentError | undefined
  readonly clear: () => void
}

export function useAct<Given extends readonly unknown[]>(
  act: (signal: AbortSignal, ...given: Given) => Promise<void>,
): Act<Given> {
  const [isBusy, setIsBusy] = useState(false)
  const [error, setError] = useState<AgentError>()
  const running = useRef<AbortController>(undefined)
  const latest = useRef(act)
  useEffect(() => {
    latest.current = act
  })
  useEffect(() => () => running.current?.abort(), [])
  const run = useCallback((...given: Given) => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    setIsBusy(true)
    setError(undefined)
    const isCurrent = () => running.current === controller && !controller.signal.aborted
    const end = (failure?: AgentError) => {
      if (!isCurrent()) return
      setIsBusy(false)
      setError(failure)
    }
    latest.current(controller.signal, ...given).then(
      () => end(),
      (cause: unknown) => end(isStopped(cause) ? undefined : shownError(cause)),
    )
  }, [])
  const clear = useCallback(() => setError(undefined), [])
  return { run, isBusy, error, clear }
}

function isStopped(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'AbortError'
}
