/**
 * An object store that tries again, around one that does not: what a busy server, a broken connection or a name that did not
 * resolve for a moment makes fail. Back-off doubles from call to call with full jitter; a server's own `Retry-After` is
 * waited for at least. What a retry cannot mend is thrown at once.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { CallOptions, ObjectInfo, ObjectStore } from './object-store.ts'

export interface RetryDeps {
  readonly clock: Clock
  readonly random: Random
}

/** How often each error is tried again. */
const retriesOf: { readonly [Code in ErrorCode]?: number } = {
  'store.busy': 7,
  'store.interrupted': 5,
  // A person may be waiting to hear that the server is not there.
  'vault.unreachable': 2,
  // The first refusal tells the server's time; requests are signed with that from then on.
  'vault.clock-skew': 1,
}
const firstPauseMs = 400
const longestPauseMs = 20_000
/** A server that wants more time than this has the verb say so instead of waiting. */
const longestRetryAfterMs = 120_000

export function createRetryingStore(inner: ObjectStore, deps: RetryDeps): ObjectStore {
  const retry = async <T>(options: CallOptions | undefined, act: () => Promise<T>): Promise<T> => {
    for (let failures = 0; ; ) {
      try {
        return await act()
      } catch (error) {
        failures++
        await pauseBefore(error, failures, deps, options?.signal)
      }
    }
  }
  const repairVersions = inner.repairVersions?.bind(inner)
  const { locks } = inner
  return {
    kind: inner.kind,
    address: inner.address,
    get mayDelete() {
      return inner.mayDelete
    },
    put: (name, body, options) => retry(options, () => inner.put(name, body, options)),
    get: (name, options) => retry(options, () => inner.get(name, options)),
    stat: (name, options) => retry(options, () => inner.stat(name, options)),
    list: (prefix, options) => listAgain(inner, deps, prefix, options),
    delete: (name, options) => retry(options, () => inner.delete(name, options)),
    sweep: (olderThanMs, options) => retry(options, () => inner.sweep(olderThanMs, options)),
    probe: (options) => retry(options, () => inner.probe(options)),
    close: () => inner.close(),
    ...(repairVersions && { repairVersions: (options?: CallOptions) => retry(options, () => repairVersions(options)) }),
    ...(locks && {
      locks: {
        ...locks,
        extend: (name: string, untilMs: number, options?: CallOptions) =>
          retry(options, () => locks.extend(name, untilMs, options)),
      },
    }),
    ...(inner.localPath && { localPath: inner.localPath.bind(inner) }),
  }
}

/** A listing that broke goes on after the last name it gave. */
async function* listAgain(
  inner: ObjectStore,
  deps: RetryDeps,
  prefix: string,
  options: (CallOptions & { readonly startAfter?: string }) | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let startAfter = options?.startAfter
  for (let failures = 0; ; ) {
    try {
      for await (const info of inner.list(prefix, { ...options, ...(startAfter !== undefined && { startAfter }) })) {
        yield info
        startAfter = info.name
        failures = 0
      }
      return
    } catch (error) {
      failures++
      await pauseBefore(error, failures, deps, options?.signal)
    }
  }
}

/** Waits before the next try; throws `error` when there is none. */
async function pauseBefore(
  error: unknown,
  failures: number,
  { clock, random }: RetryDeps,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(error instanceof AgentError) || failures > (retriesOf[error.code as ErrorCode] ?? 0)) throw error
  const wantedMs = isAgentError(error, 'store.busy') ? (error.data.retryAfterMs ?? 0) : 0
  if (wantedMs > longestRetryAfterMs) throw error
  await clock.delay(Math.max(wantedMs, pauseMs(failures, random)), signal)
}

/** Full jitter: anything from 0 to the bound, so that clients that failed together do not come back together. */
function pauseMs(failures: number, random: Random): number {
  const boundMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
  return (random.bytes(4).readUInt32LE() / 2 ** 32) * boundMs
}
