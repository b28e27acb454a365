/**
 * Who may do what takes something away: verbs that do call `requirePin` first. Without a PIN they pass (the client asks for a
 * yes); with one, it is asked for unless it was right within the last five minutes. One that comes with the call is always checked.
 */
import { AgentError } from '../base/agent-error.ts'
import { createPinHash, isPin, type PinHash } from '../codec/pin-hash.ts'
import type { PinDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import {
  freshPinRecord,
  type Moment,
  type PinRecord,
  troubleOfPin,
  unlockedForMs,
  waitBeforeTryMs,
  withRightPin,
  withTry,
} from './pin-rules.ts'

/** Resolves when the act may go on; throws `pin.needed`, `pin.wrong`, `pin.wait`. */
export async function requirePin(deps: AgentDeps): Promise<void> {
  if (storedHash(deps) === undefined) return
  const given = deps.givenPin?.()
  if (given !== undefined) {
    await checkPin(deps, await given())
    return
  }
  if (unlockedForMs(recordOf(deps), momentOf(deps)) > 0) return
  const ask = deps.askPin()
  if (ask === undefined) throw new AgentError('pin.needed', {})
  await checkPin(deps, await ask())
}

/** Whether there is a PIN, how long the last right one counts yet, and how long none is taken after wrong ones. */
export async function showPin(deps: AgentDeps): Promise<PinDocument> {
  const isSet = storedHash(deps) !== undefined
  const [record, moment] = [recordOf(deps), momentOf(deps)]
  const seconds = (ms: number): number => (isSet ? Math.ceil(ms / 1000) : 0)
  return {
    set: isSet,
    unlockedSeconds: seconds(unlockedForMs(record, moment)),
    waitSeconds: seconds(waitBeforeTryMs(record, moment)),
  }
}

/** Checks a PIN; when it is right, it counts for five minutes. Throws `pin.wrong`, `pin.wait`, `pin.not-set`. */
export async function checkPin(deps: AgentDeps, pin: string): Promise<PinDocument> {
  const hash = storedHash(deps)
  if (hash === undefined) throw new AgentError('pin.not-set', {})
  let wrong = 0
  // One transaction: two processes that try at once use up two tries.
  deps.state.changeSetting('pin-record', (text) => {
    const record = parseRecord(text)
    const waitMs = waitBeforeTryMs(record, momentOf(deps))
    if (waitMs > 0) throw new AgentError('pin.wait', { seconds: Math.ceil(waitMs / 1000) })
    const counted = withTry(record, momentOf(deps))
    wrong = counted.wrong
    return JSON.stringify(counted)
  })
  if (!(await isPin(pin, hash))) {
    deps.log.warn('a wrong PIN was given', { wrong })
    throw new AgentError('pin.wrong', { wrong })
  }
  deps.state.putSettings({ 'pin-record': JSON.stringify(withRightPin(momentOf(deps))) })
  return await showPin(deps)
}

/** Sets a PIN, or another one: `current` is the one before, whether or not it counts yet. Throws `pin.unfit`, and as `checkPin`. */
export async function setPin(deps: AgentDeps, pin: string, current: string | undefined): Promise<PinDocument> {
  const trouble = troubleOfPin(pin)
  if (trouble !== undefined) throw new AgentError('pin.unfit', { reason: trouble })
  await requireCurrent(deps, current)
  const hash = await createPinHash(pin, deps.random)
  deps.state.putSettings({ pin: JSON.stringify(hash), 'pin-record': undefined })
  deps.log.info('a PIN was set')
  return await showPin(deps)
}

/** Takes the PIN away; throws as `setPin`. */
export async function removePin(deps: AgentDeps, current: string | undefined): Promise<PinDocument> {
  if (storedHash(deps) === undefined) throw new AgentError('pin.not-set', {})
  await requireCurrent(deps, current)
  deps.state.putSettings({ pin: undefined, 'pin-record': undefined })
  deps.log.info('the PIN was removed')
  return await showPin(deps)
}

async function requireCurrent(deps: AgentDeps, current: string | undefined): Promise<void> {
  if (storedHash(deps) === undefined) return
  if (current === undefined) throw new AgentError('pin.needed', {})
  await checkPin(deps, current)
}

function storedHash(deps: AgentDeps): PinHash | undefined {
  const text = deps.state.setting('pin')
  return text === undefined ? undefined : (JSON.parse(text) as PinHash)
}

function recordOf(deps: AgentDeps): PinRecord {
  return parseRecord(deps.state.setting('pin-record'))
}

function parseRecord(text: string | undefined): PinRecord {
  return text === undefined ? freshPinRecord : (JSON.parse(text) as PinRecord)
}

function momentOf({ clock, uptime }: AgentDeps): Moment {
  return { ...uptime(), nowMs: clock.nowMs() }
}
