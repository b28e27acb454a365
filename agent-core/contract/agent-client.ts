/**
 * The agent's verbs as methods over any oRPC link: a WebSocket, the local socket, a message port. Runs in browsers; the
 * command line and the desktop app use the same one.
 */
import { type ClientLink, createORPCClient, ORPCError } from '@orpc/client'
import { z } from 'zod'
import { agentErrorCode, type CallSecrets, type WireError, wireError } from './agent-contract.ts'
import { text } from './bounds.ts'
import type { Progress } from './documents/progress.ts'
import type { AnyVerbSpec, CallContext } from './verb.ts'
import { type VerbMethods, verbs } from './verbs/verbs.ts'

export interface ClientHooks {
  /** Makes of an error of the agent's table what the methods throw. */
  readonly toError: (error: WireError) => Error
  /** Makes of an answer that never came (the connection was lost) what the methods throw; left out: what came. */
  readonly toLost?: (cause: unknown) => Error
  /** Gives the passphrase of a vault that is locked; without it `vault.locked` is thrown. */
  readonly passphrase?: () => ((vault: string) => Promise<string>) | undefined
  /** Gives the PIN for what takes something away; without it `pin.needed` is thrown. */
  readonly pin?: () => (() => Promise<string>) | undefined
  /** The PIN that was given beforehand: it goes with each call, and is checked where the verb asks for one. */
  readonly givenPin?: () => (() => Promise<string>) | undefined
  /** Hears what is worth knowing beside an answer. */
  readonly remark?: (remark: string) => void
}

type Events<Event, End = unknown> = AsyncIterator<Event, End, void>
type TaskEvent = { readonly progress: Progress } | { readonly remark: string }
type ListingEvent = { readonly entries: readonly unknown[] } | { readonly remark: string }
type Procedures = Record<string, (input: unknown, options: { signal?: AbortSignal }) => Promise<unknown>>
type Ask = (secrets: CallSecrets | undefined) => Promise<unknown>

/** Methods that ask the agent at the other end of `link`. */
export function createAgentClient(link: ClientLink<Record<never, never>>, hooks: ClientHooks): VerbMethods {
  const procedures = createORPCClient(link) as unknown as Procedures
  const unlock = async (vault: string, passphrase: string): Promise<void> => {
    await procedures['unlockVault']?.({ name: vault, passphrase }, {}).catch(throwTranslated(hooks))
  }
  const givePin = async (pin: string): Promise<void> => {
    await procedures['checkPin']?.({ pin }, {}).catch(throwTranslated(hooks))
  }
  const methods = Object.entries<AnyVerbSpec>(verbs).map(([name, spec]) => {
    const method = (...given: readonly unknown[]): unknown => {
      const context = (given[spec.parameters.length] ?? {}) as CallContext
      const input = Object.fromEntries(spec.parameters.map(([parameter], at) => [parameter, given[at]]))
      const { signal } = context
      const ask: Ask = async (secrets) =>
        await procedures[name]?.({ ...input, ...(secrets && { secrets }) }, signal === undefined ? {} : { signal })
      return methodOf(spec.kind, { ask, context, hooks, unlock, givePin })
    }
    return [name, method]
  })
  return Object.fromEntries(methods) as VerbMethods
}

interface Asking {
  readonly ask: Ask
  readonly context: CallContext
  readonly hooks: ClientHooks
  readonly unlock: (vault: string, passphrase: string) => Promise<void>
  readonly givePin: (pin: string) => Promise<void>
}

function methodOf(kind: AnyVerbSpec['kind'], asking: Asking): unknown {
  switch (kind) {
    case 'call':
      return unlocking(asking, async (secrets) => await runCall(asking, secrets))
    case 'task':
      return unlocking(asking, async (secrets) => await runTask(asking, secrets))
    case 'listing':
      return readListing(asking)
    case 'feed':
      return readFeed(asking)
  }
}

async function runCall({ ask, hooks }: Asking, secrets: CallSecrets | undefined): Promise<unknown> {
  const { answer, remarks } = (await ask(secrets)) as { answer: unknown; remarks: readonly string[] }
  for (const remark of remarks) hooks.remark?.(remark)
  return answer
}

async function runTask({ ask, context, hooks }: Asking, secrets: CallSecrets | undefined): Promise<unknown> {
  const events = (await ask(secrets)) as Events<TaskEvent, { answer: unknown }>
  for (;;) {
    const next = await events.next()
    if (next.done) return next.value.answer
    if ('progress' in next.value) context.onProgress?.(next.value.progress)
    else hooks.remark?.(next.value.remark)
  }
}

async function* readListing(asking: Asking): AsyncGenerator<unknown, void, undefined> {
  const { ask, hooks } = asking
  const open = async (secrets: CallSecrets | undefined) => {
    const events = (await ask(secrets)) as Events<ListingEvent>
    return { events, first: await events.next() }
  }
  const { events, first } = await unlocking(asking, open)
  try {
    for (let next = first; !next.done; next = await events.next().catch(throwTranslated(hooks))) {
      if ('entries' in next.value) yield* next.value.entries
      else hooks.remark?.(next.value.remark)
    }
  } finally {
    await events.return?.()
  }
}

async function* readFeed({ ask, hooks }: Asking): AsyncGenerator<unknown, void, undefined> {
  const events = (await ask({}).catch(throwTranslated(hooks))) as Events<unknown>
  try {
    for (;;) {
      const next = await events.next().catch(throwTranslated(hooks))
      if (next.done) return
      yield next.value
    }
  } finally {
    await events.return?.()
  }
}

/**
 * Runs `work`; a vault that turns out to be locked is unlocked with a passphrase that is asked for, a PIN that is needed is
 * asked for, and it runs again. A PIN that was given beforehand goes along.
 */
async function unlocking<Result>(
  { hooks, unlock, givePin }: Asking,
  work: (secrets: CallSecrets | undefined) => Promise<Result>,
): Promise<Result> {
  const unlocked = new Set<string>()
  let wasPinGiven = false
  const givenPin = await hooks.givenPin?.()?.()
  // Left out where there is none: an agent of an earlier version, which goes on after an update, knows no secrets.
  const secrets: CallSecrets | undefined = givenPin === undefined ? undefined : { pin: givenPin }
  for (;;) {
    try {
      return await work(secrets)
    } catch (error) {
      const wire = wireErrorOf(error)
      if (wire === undefined) throw lostOr(error, hooks)
      const pin = wire.code === 'pin.needed' && !wasPinGiven ? hooks.pin?.() : undefined
      if (pin !== undefined) {
        await givePin(await pin())
        wasPinGiven = true
        continue
      }
      const vault = lockedVault(wire)
      const passphrase = hooks.passphrase?.()
      if (vault === undefined || passphrase === undefined || unlocked.has(vault)) throw hooks.toError(wire)
      await unlock(vault, await passphrase(vault))
      unlocked.add(vault)
    }
  }
}

function lockedVault({ code, data }: WireError): string | undefined {
  return code === 'vault.locked' ? (data as { readonly name: string }).name : undefined
}

function throwTranslated(hooks: ClientHooks): (error: unknown) => never {
  return (error) => {
    const wire = wireErrorOf(error)
    throw wire === undefined ? lostOr(error, hooks) : hooks.toError(wire)
  }
}

/** What is no answer: the caller's own wish to stop, or a connection that was lost. */
function lostOr(error: unknown, { toLost }: ClientHooks): unknown {
  return toLost === undefined || (error as Partial<Error>).name === 'AbortError' ? error : toLost(error)
}

function wireErrorOf(error: unknown): WireError | undefined {
  if (!(error instanceof ORPCError)) return undefined
  if (error.code === 'BAD_REQUEST') return refusedInput(error.data)
  if (error.code !== agentErrorCode) return undefined
  const parsed = wireError.safeParse(error.data)
  return parsed.success ? parsed.data : undefined
}

const refusedIssues = z.object({ issues: z.array(z.object({ path: z.array(z.unknown()), message: text })).max(1000) })

function refusedInput(data: unknown): WireError {
  const parsed = refusedIssues.safeParse(data)
  const issues = parsed.success ? parsed.data.issues : []
  const words = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  const problem = `The agent does not take this request (${words.slice(0, 1000) || 'it is not valid'}).`
  const advice = 'Check the values that were given.'
  return { code: 'usage.invalid', message: problem, advice, exitCode: 2, data: { problem, advice } }
}
