import type { AgentApi, PinDocument } from '../api/agent-api.ts'
import { formatCount } from './amounts.ts'
import { exitStatus } from './exit-status.ts'
import type { RunVerb, Session } from './session.ts'

export const setPin: RunVerb<{ readonly newPinFile?: string }> = async ({ newPinFile }, session) => {
  const pin = await session.pins.next(newPinFile)
  const agent = await session.agent()
  const document = await agent.setPin(pin, await currentPin(session, agent))
  await session.output.summary(document, () => [
    'The PIN is set. What takes something away asks for it from now on.',
    'It is kept as a hash only: who forgets it cannot delete with this home folder, but can still back up and restore.',
  ])
  return exitStatus.done
}

export const checkPin: RunVerb<object> = async (_input, session) => {
  const document = await (await session.agent()).checkPin(await session.pins.current())
  await session.output.summary(document, () => [unlockedWords(document)])
  return exitStatus.done
}

export const showPin: RunVerb<object> = async (_input, session) => {
  const document = await (await session.agent()).showPin()
  await session.output.result(document, () => [
    document.set ? unlockedWords(document) : 'No PIN is set. Set one with "tharsis pin set".',
  ])
  return exitStatus.done
}

export const removePin: RunVerb<object> = async (_input, session) => {
  const agent = await session.agent()
  const document = await agent.removePin(await currentPin(session, agent))
  await session.output.summary(document, () => ['The PIN is removed. What takes something away asks for a yes only.'])
  return exitStatus.done
}

/** The PIN that is set; undefined where there is none, or nowhere to get it from. */
async function currentPin({ pins }: Session, agent: AgentApi): Promise<string | undefined> {
  return (await agent.showPin()).set && pins.canAnswer ? await pins.current() : undefined
}

function unlockedWords({ unlockedSeconds, waitSeconds }: PinDocument): string {
  if (waitSeconds > 0) {
    return `A PIN is set. After wrong tries none is taken within the next ${formatCount(waitSeconds)} seconds.`
  }
  if (unlockedSeconds === 0) return 'A PIN is set, and is asked for.'
  return `The PIN is right, and is not asked for within the next ${formatCount(unlockedSeconds)} seconds.`
}
