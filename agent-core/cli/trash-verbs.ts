import type { PointDocument, StoppedDocument } from '../api/agent-api.ts'
import { isAgentError } from '../base/agent-error.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf } from './amounts.ts'
import { usageError } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { RunVerb, Session } from './session.ts'

interface PointInput {
  readonly item: string
  readonly point: string
  readonly reason?: string
}

export const holdPoint: RunVerb<PointInput> = async ({ item, point, reason }, session) => {
  const held = await (await session.agent()).holdPoint(item, point, reason)
  await sayPoint(session, held, 'is held: it stays until it is released, whatever the policy says.')
  return exitStatus.done
}

export const releasePoint: RunVerb<PointInput> = async ({ item, point, reason }, session) => {
  const named = nameWhenAsked({ item, point }, session)
  if (!(await session.confirmRemoval(async () => `Release ${await named.words()}? Its policy may remove it then.`))) {
    return cancelled(session)
  }
  const released = await (await session.agent()).releasePoint(item, named.point, reason)
  await sayPoint(session, released, 'is released: its policy decides again.')
  return exitStatus.done
}

export const deletePoint: RunVerb<PointInput> = async ({ item, point, reason }, session) => {
  const named = nameWhenAsked({ item, point }, session)
  if (!(await session.confirmRemoval(async () => `Put ${await named.words()} into the trash?`))) {
    return cancelled(session)
  }
  const document = await (await session.agent()).deletePoint(item, named.point, reason)
  const until = document.deleted === null ? '' : ` until ${formatTime(document.deleted.until)}`
  const back = `"tharsis point undelete ${item} ${document.id.slice(0, 8)}" brings it back`
  await sayPoint(session, document, `is in the trash; ${back}${until}.`)
  return exitStatus.done
}

export const undeletePoint: RunVerb<PointInput> = async ({ item, point }, session) => {
  const document = await (await session.agent()).undeletePoint(item, point)
  await sayPoint(session, document, 'is back.')
  return exitStatus.done
}

interface StopInput {
  readonly name: string
  readonly retainData?: true
  readonly deleteData?: true
  readonly reason?: string
}

export const stopItem: RunVerb<StopInput> = async ({ name, retainData, deleteData, reason }, session) => {
  if ((retainData === true) === (deleteData === true)) {
    throw usageError(
      'Say what becomes of the points.',
      'Give --retain-data (they stay) or --delete-data (they go to the trash).',
    )
  }
  const deletesData = deleteData === true
  const question = `Stop item "${name}" and put all its points into the trash?`
  if (deletesData && !(await session.confirmRemoval(question))) return cancelled(session)
  const document = await (await session.agent()).stopItem(name, {
    deletesData,
    ...(reason !== undefined && { reason }),
  })
  await session.output.summary(document, () => stopLines(document))
  return exitStatus.done
}

function stopLines({ item, stopped, points, held }: StoppedDocument): readonly string[] {
  if (stopped?.data !== 'deleted') {
    return [`Item "${item}" is stopped; its points stay. Go on with "tharsis item resume ${item}".`]
  }
  const until = stopped.until === null ? '' : ` until ${formatTime(stopped.until)}`
  return [
    `Item "${item}" is stopped; ${countOf(points, 'point')} went to the trash.`,
    ...heldLines(held),
    `"tharsis item undelete ${item}" brings ${points === 1 ? 'it' : 'them'} back${until}.`,
  ]
}

/** What is said of held points that went to the trash with their item or machine. */
export function heldLines(held: number): readonly string[] {
  if (held === 0) return []
  const [is, takes] = held === 1 ? ['is', 'it before it is released'] : ['are', 'them before they are released']
  return [`${countOf(held, 'point')} there ${is} held: no clean-up removes ${takes}.`]
}

export const resumeItem: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const document = await (await session.agent()).resumeItem(name)
  await session.output.summary(document, () => [`Item "${document.item}" is protected again.`])
  return exitStatus.done
}

export const undeleteItem: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const document = await (await session.agent()).undeleteItem(name)
  const { item, points } = document
  await session.output.summary(document, () => [
    `${countOf(points, 'point')} of item "${item}" ${points === 1 ? 'is' : 'are'} back.`,
    `The item stays stopped; go on with "tharsis item resume ${item}".`,
  ])
  return exitStatus.done
}

export const renewRecoveryCode: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  if (!(await session.confirmRemoval(`Make a new recovery code for vault "${name}"? The old one opens it no more.`))) {
    return cancelled(session)
  }
  const document = await (await session.agent()).renewRecoveryCode(name)
  await output.result(document, () => [
    ...output.facts([['Recovery code', document.recoveryCode]]),
    'Write it down and keep it apart from this machine: it is not shown again. The old one opens the vault no more.',
  ])
  for (const remark of document.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

export const removeVault: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  if (!(await session.confirmRemoval(`Forget vault "${name}" here? What it holds stays there.`))) {
    return cancelled(session)
  }
  const removed = await (await session.agent()).removeVault(name)
  const { items, waitingPoints } = removed
  await session.output.summary(removed, () => [
    `Vault "${removed.name}" is not known here any more; what it holds stays there.`,
    ...(items.length === 0
      ? []
      : [`Forgotten with it: ${items.join(', ')}. "tharsis vault connect" brings them back.`]),
    ...(waitingPoints === 0
      ? []
      : [`${countOf(waitingPoints, 'point')} that waited for it ${waitingPoints === 1 ? 'is' : 'are'} given up.`]),
  ])
  return exitStatus.done
}

/**
 * The point of a question: `words` tells its id and time, and from then on `point` is that id, since "latest" may be another
 * one by the time of the answer.
 */
function nameWhenAsked({ item, point }: PointInput, session: Session) {
  const named = {
    point,
    words: async (): Promise<string> => {
      try {
        const { id, time } = await (await session.agent()).showPoint(item, point)
        named.point = id
        return `point ${id.slice(0, 8)} of ${formatTime(time)} of item "${item}"`
      } catch (error) {
        if (!isAgentError(error, 'point.damaged')) throw error
        named.point = error.data.point
        return `point ${error.data.point.slice(0, 8)} of item "${item}", which is damaged and may perhaps be healed`
      }
    },
  }
  return named
}

async function sayPoint({ output }: Session, point: PointDocument, words: string): Promise<void> {
  // Of a damaged one the time is not known.
  const when = point.damaged === null ? ` of ${formatTime(point.time)}` : ''
  await output.summary(point, () => [`Point ${point.id.slice(0, 8)}${when} ${words}`])
}

function cancelled({ output }: Session): number {
  output.note('Nothing was changed.')
  return exitStatus.cancelled
}
