/**
 * The use case of `backup-now --watch`: one backup after the other in one process, with the change journal of the item
 * between them. The home is locked only while a backup runs.
 */
import { AgentError } from '../base/agent-error.ts'
import { releaseMemory } from '../platform/process-memory.ts'
import type { CallContext, WatchOptions, WatchOutcome } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { backupNow } from './backup-verbs.ts'
import { CurrentJournal } from './item-journals.ts'
import { knownItem } from './known-item.ts'
import { refuseStopped } from './stopped-items.ts'

/** See AgentApi.watchItem. Throws what is the matter with the item before the first backup, and a fault of the program. */
export async function* watchItem(
  deps: AgentDeps,
  name: string,
  options: WatchOptions,
  context: CallContext,
): AsyncGenerator<WatchOutcome, void, undefined> {
  const signal = context.signal ?? new AbortController().signal
  refuseStopped(knownItem(deps, name))
  await using journals = new CurrentJournal(deps)
  do {
    const outcome = await backUpOnce(deps, name, options, context, journals)
    releaseMemory()
    yield outcome
  } while (await isWanted(deps, options, signal))
}

async function backUpOnce(
  deps: AgentDeps,
  name: string,
  options: WatchOptions,
  context: CallContext,
  journals: CurrentJournal,
): Promise<WatchOutcome> {
  try {
    const journal = await journals.of(knownItem(deps, name))
    return { backup: await backupNow(deps, name, { scheduled: true, accept: options.accept }, context, journal) }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    const { code, message, advice, exitCode } = error as AgentError
    return { error: { code, message, advice, exitCode } }
  }
}

/** Waits for the time or the wish for the next backup: true; false when the signal aborts first. */
async function isWanted(deps: AgentDeps, { everyMs, wake }: WatchOptions, signal: AbortSignal): Promise<boolean> {
  const waited = new AbortController()
  const delay = deps.clock.delay(everyMs, AbortSignal.any([signal, waited.signal])).catch(() => {})
  await (wake === undefined ? delay : Promise.race([delay, wake()]))
  waited.abort()
  return !signal.aborted
}
