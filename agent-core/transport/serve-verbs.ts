/**
 * The agent's verbs as procedures of the contract. Errors of the table travel as they are; anything else is a fault: it
 * is logged here, and the other end hears its log id alone.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { implement, ORPCError } from '@orpc/server'
import { AgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import { type Random, randomId } from '../base/random.ts'
import {
  agentContract,
  agentErrorCode,
  type CallSecrets,
  listingBatch,
  type WireError,
} from '../contract/agent-contract.ts'
import type { Progress } from '../contract/documents/progress.ts'
import type { AnyVerbSpec, CallContext } from '../contract/verb.ts'
import { type VerbMethods, type VerbName, verbs } from '../contract/verbs/verbs.ts'
import { EventQueue } from './event-queue.ts'

export interface ServeDeps {
  readonly log: Log
  readonly random: Random
}

type AnyMethod = (...given: readonly unknown[]) => unknown
type Named = Readonly<Record<string, unknown>>

/** What belongs to one call while it is under way. */
interface CallAround {
  /** Hears what is worth knowing beside the answer. */
  readonly onRemark: (remark: string) => void
  readonly secrets: CallSecrets
}

const callAround = new AsyncLocalStorage<CallAround>()

/** To be set as the agent's `onRemark`: each remark goes to the call during which it is made. */
export function tellRemark(remark: string): void {
  callAround.getStore()?.onRemark(remark)
}

/** What the call that is under way has brought along. */
export function secretsOfCall(): CallSecrets {
  return callAround.getStore()?.secrets ?? {}
}

/** The router that oRPC's handlers serve. */
export function createVerbRouter(methods: VerbMethods, deps: ServeDeps) {
  const procedures = implement(agentContract)
  const entries = Object.entries<AnyVerbSpec>(verbs).map(([name, spec]) => {
    const method = methods[name as VerbName] as unknown as AnyMethod
    const serve = serverOf(spec, method, deps)
    const procedure = procedures[name as VerbName].handler(
      async ({ input, signal }) => (await serve(input, signal ?? new AbortController().signal)) as never,
    )
    return [name, procedure]
  })
  return Object.fromEntries(entries) as Record<VerbName, ReturnType<(typeof procedures)[VerbName]['handler']>>
}

type Serve = (input: Named, signal: AbortSignal) => Promise<unknown>

function serverOf(spec: AnyVerbSpec, method: AnyMethod, deps: ServeDeps): Serve {
  const given = (input: Named): readonly unknown[] => spec.parameters.map(([name]) => input[name])
  const secretsOf = (input: Named): CallSecrets => input['secrets'] ?? {}
  switch (spec.kind) {
    case 'call':
      return async (input) => {
        const remarks: string[] = []
        const answer = await translating(deps, () =>
          callAround.run(
            { onRemark: (remark) => remarks.push(remark), secrets: secretsOf(input) },
            async () => await method(...given(input)),
          ),
        )
        return { answer, remarks }
      }
    case 'task':
      return async (input, signal) =>
        taskEvents(
          deps,
          { signal, secrets: secretsOf(input) },
          async (context) => await method(...given(input), context),
        )
    case 'listing':
      return async (input, signal) =>
        listingEvents(deps, secretsOf(input), () => method(...given(input), { signal }) as AsyncIterable<unknown>)
    case 'feed':
      return async (input, signal) => feedEvents(deps, method(...given(input), { signal }) as AsyncIterable<unknown>)
  }
}

type TaskEvent = { readonly progress: Progress } | { readonly remark: string }

/** Runs a task and tells its remarks and the newest progress as fast as the reader takes them. */
async function* taskEvents(
  deps: ServeDeps,
  { signal, secrets }: { readonly signal: AbortSignal; readonly secrets: CallSecrets },
  run: (context: CallContext) => Promise<unknown>,
): AsyncGenerator<TaskEvent, { answer: unknown }, undefined> {
  const gone = new AbortController()
  const events = new EventQueue<TaskEvent>((event) => ('progress' in event ? 'progress' : undefined))
  const context: CallContext = {
    signal: AbortSignal.any([signal, gone.signal]),
    onProgress: (progress) => events.push({ progress }),
  }
  const answer = callAround.run(
    { onRemark: (remark) => events.push({ remark }), secrets },
    async () => await run(context),
  )
  const ended = answer.then(
    () => events.end(),
    () => events.end(),
  )
  try {
    yield* events
    return { answer: await translating(deps, () => answer) }
  } finally {
    // A reader that has gone away stops the task, which is what a person means who ends the client.
    gone.abort(new Error('the client went away'))
    await ended
  }
}

async function* listingEvents(deps: ServeDeps, secrets: CallSecrets, open: () => AsyncIterable<unknown>) {
  const remarks: string[] = []
  let entries: unknown[] = []
  const around: CallAround = { onRemark: (remark) => remarks.push(remark), secrets }
  const iterator = callAround.run(around, () => open()[Symbol.asyncIterator]())
  const next = async () => await translating(deps, () => callAround.run(around, async () => await iterator.next()))
  try {
    for (let step = await next(); !step.done; step = await next()) {
      entries.push(step.value)
      if (entries.length < listingBatch) continue
      yield { entries }
      entries = []
    }
    if (entries.length > 0) yield { entries }
    for (const remark of remarks) yield { remark }
  } finally {
    await iterator.return?.()
  }
}

async function* feedEvents(deps: ServeDeps, events: AsyncIterable<unknown>) {
  const iterator = events[Symbol.asyncIterator]()
  try {
    for (;;) {
      const step = await translating(deps, async () => await iterator.next())
      if (step.done) return
      yield step.value
    }
  } finally {
    await iterator.return?.()
  }
}

async function translating<Result>(deps: ServeDeps, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw toWire(error, deps)
  }
}

function toWire(error: unknown, { log, random }: ServeDeps): ORPCError<string, WireError> {
  let told: AgentError
  if (error instanceof AgentError) told = error as AgentError
  else {
    const logId = randomId<string>(random).slice(0, 8)
    log.error('fault', { logId, error })
    told = new AgentError('agent.fault', { logId })
  }
  const { code, message, advice, exitCode, data } = told
  return new ORPCError(agentErrorCode, { message, data: { code, message, advice, exitCode, data }, cause: error })
}
