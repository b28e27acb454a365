/**
 * An object store that fails as planned, around one that works: for systematic fault injection.
 * Run a scenario with an empty plan, count its calls, then run it again with each call failing.
 * A test must also assert that `unreached()` is empty: a fault that never happened proves nothing.
 */
import { AgentError } from '../base/agent-error.ts'
import { readWholeBody, sizeOfBody } from './object-body.ts'
import type { CallOptions, ObjectBody, ObjectInfo, ObjectStore } from './object-store.ts'

export type StoreOperation = 'put' | 'get' | 'stat' | 'list' | 'delete' | 'sweep' | 'probe' | 'extend-lock'

/** What goes wrong. Those on bytes hit `get` only, `stale-list` only `list`; elsewhere they stay unreached. */
export type FaultKind =
  /** Fails without any effect. */
  | 'throw-before'
  /** Takes effect, then fails: the answer is lost. */
  | 'throw-after'
  | 'unreachable'
  | 'full'
  | 'denied'
  /** One byte less than the object has, or none of an empty one. */
  | 'short-body'
  | 'long-body'
  /** One bit of the middle byte is wrong. */
  | 'bit-flip'
  /** The second half is missing. */
  | 'truncate'
  /** The listing as of before the last `puts` (1 by default) puts that made an object. */
  | 'stale-list'

export interface PlannedFault {
  /** Strikes the n-th (from 1) of the calls that the filters below let through. */
  readonly call: number
  readonly fault: FaultKind
  readonly operation?: StoreOperation
  readonly namePrefix?: string
  /** With `stale-list`: how many puts it does not show yet. */
  readonly puts?: number
  /** True: every later call that fits fails as well (a place that stays away). */
  readonly forEver?: boolean
}

export interface FaultPlan {
  readonly faults?: readonly PlannedFault[]
  /** Everything that changes the place is `vault.denied`. */
  readonly readOnly?: boolean
  /** `vault.full` for what would bring the bytes put through this store above this. */
  readonly quotaBytes?: number
}

export interface StoreCall {
  readonly operation: StoreOperation
  /** The object's name, or a listing's prefix; empty for `sweep` and `probe`. */
  readonly name: string
  /** The fault that struck it. */
  readonly fault?: FaultKind
}

export interface FaultyStore extends ObjectStore {
  /** Every call so far, in order. */
  readonly calls: readonly StoreCall[]
  /** The planned faults that have not happened. */
  unreached(): readonly PlannedFault[]
  /** Changes the place's state from now on. */
  setReadOnly(readOnly: boolean): void
  setQuota(quotaBytes: number): void
}

interface Armed {
  readonly planned: PlannedFault
  seen: number
  struck: boolean
}

export function createFaultyStore(inner: ObjectStore, plan: FaultPlan = {}): FaultyStore {
  const { address, locks } = inner
  const armed: Armed[] = (plan.faults ?? []).map((planned) => ({ planned, seen: 0, struck: false }))
  const calls: StoreCall[] = []
  const made: string[] = []
  const sizes = new Map<string, number>()
  let readOnly = plan.readOnly ?? false
  let quotaBytes = plan.quotaBytes ?? Number.POSITIVE_INFINITY

  /** Records the call and returns the fault that strikes it, having thrown where it strikes at once. */
  function enter(operation: StoreOperation, name: string): PlannedFault | undefined {
    const fault = strike(armed, operation, name)
    calls.push(fault === undefined ? { operation, name } : { operation, name, fault: fault.fault })
    if (fault !== undefined) throwAtOnce(fault.fault, address)
    if (readOnly && changing.has(operation)) {
      throw new AgentError('vault.denied', { address, reason: 'it is read-only (planned)' })
    }
    return fault
  }

  async function run<T>(operation: StoreOperation, name: string, act: () => Promise<T>): Promise<T> {
    const fault = enter(operation, name)
    const result = await act()
    if (fault?.fault === 'throw-after') throw lostAnswer(address)
    return result
  }

  async function putWithinQuota(name: string, body: ObjectBody, options?: CallOptions): Promise<boolean> {
    const sizeBytes = sizeOfBody(body)
    const usedBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    if (usedBytes + sizeBytes > quotaBytes && !(await holds(inner, name, body, options))) {
      throw new AgentError('vault.full', { address })
    }
    // Counted before it resolves, so that puts side by side do not pass the quota together.
    const counted = sizes.get(name)
    sizes.set(name, sizeBytes)
    try {
      const isNew = await inner.put(name, body, options)
      if (isNew) made.push(name)
      return isNew
    } catch (error) {
      if (counted === undefined) sizes.delete(name)
      else sizes.set(name, counted)
      throw error
    }
  }

  return {
    kind: inner.kind,
    address,
    calls,
    unreached: () => armed.filter(({ struck }) => !struck).map(({ planned }) => planned),
    setReadOnly: (value) => {
      readOnly = value
    },
    setQuota: (value) => {
      quotaBytes = value
    },
    put: (name, body, options) => run('put', name, () => putWithinQuota(name, body, options)),
    get: async (name, options) => {
      const fault = enter('get', name)
      const bytes = await inner.get(name, options)
      if (fault?.fault === 'throw-after') throw lostAnswer(address)
      if (fault === undefined) return bytes
      const spoilt = spoil(bytes, fault.fault)
      // An empty body has no bit to flip: the fault has not happened.
      if (spoilt.equals(bytes)) for (const one of armed) if (one.planned === fault) one.struck = false
      return spoilt
    },
    stat: (name, options) => run('stat', name, () => inner.stat(name, options)),
    list: async function* (prefix, options) {
      const fault = enter('list', prefix)
      const hidden = new Set(fault?.fault === 'stale-list' ? made.slice(-(fault.puts ?? 1)) : [])
      for await (const info of inner.list(prefix, options)) if (!hidden.has(info.name)) yield info satisfies ObjectInfo
      // The answer to a listing is lost page by page: some of it came, its end did not.
      if (fault?.fault === 'throw-after') throw lostAnswer(address)
    },
    delete: (name, options) =>
      run('delete', name, async () => {
        await inner.delete(name, options)
        sizes.delete(name)
      }),
    sweep: (olderThanMs, options) => run('sweep', '', () => inner.sweep(olderThanMs, options)),
    probe: (options) => run('probe', '', () => inner.probe(options)),
    close: () => inner.close(),
    ...(locks && {
      locks: {
        ...locks,
        extend: (name: string, untilMs: number, options?: CallOptions) =>
          run('extend-lock', name, () => locks.extend(name, untilMs, options)),
      },
    }),
  }
}

const changing: ReadonlySet<StoreOperation> = new Set(['put', 'delete', 'sweep', 'extend-lock'])

const SPOILING: ReadonlySet<FaultKind> = new Set(['short-body', 'long-body', 'bit-flip', 'truncate'])

function canStrike(fault: FaultKind, operation: StoreOperation): boolean {
  if (SPOILING.has(fault)) return operation === 'get'
  return fault !== 'stale-list' || operation === 'list'
}

/** Counts the call for every armed fault it fits; the first whose turn it is strikes. */
function strike(armed: readonly Armed[], operation: StoreOperation, name: string): PlannedFault | undefined {
  let struck: PlannedFault | undefined
  for (const one of armed) {
    const { planned } = one
    const fits = (planned.operation ?? operation) === operation && name.startsWith(planned.namePrefix ?? '')
    if (!fits || struck !== undefined) {
      if (fits) one.seen++
      continue
    }
    one.seen++
    const isDue = planned.forEver ? one.seen >= planned.call : one.seen === planned.call
    if (!isDue || !canStrike(planned.fault, operation)) continue
    one.struck = true
    struck = planned
  }
  return struck
}

function throwAtOnce(fault: FaultKind, address: string): void {
  if (fault === 'throw-before') throw new AgentError('store.failed', { address, reason: 'planned fault' })
  if (fault === 'unreachable') throw new AgentError('vault.unreachable', { address, reason: 'planned fault' })
  if (fault === 'full') throw new AgentError('vault.full', { address })
  if (fault === 'denied') throw new AgentError('vault.denied', { address, reason: 'planned fault' })
}

function lostAnswer(address: string): AgentError {
  return new AgentError('store.failed', { address, reason: 'the answer was lost (planned fault)' })
}

/** A copy of `bytes` with the fault in it; an empty body can only grow. */
function spoil(bytes: Buffer, fault: FaultKind): Buffer {
  if (fault === 'long-body') return Buffer.concat([bytes, Buffer.from([0])])
  if (fault === 'short-body') return Buffer.from(bytes.subarray(0, -1))
  if (fault === 'truncate') return Buffer.from(bytes.subarray(0, bytes.length >> 1))
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  const byte = copy[middle]
  if (fault === 'bit-flip' && byte !== undefined) copy[middle] = byte ^ 1
  return copy
}

async function holds(store: ObjectStore, name: string, body: ObjectBody, options?: CallOptions): Promise<boolean> {
  if ((await store.stat(name, options)) === undefined) return false
  const there = await store.get(name, options)
  return there.equals(await readWholeBody(body, store.address, options?.signal))
}
