import type {
  AgentApi,
  LockDocument,
  PlaceRequest,
  ReplicaChange,
  ReplicaDocument,
  ReplicationDocument,
} from '../api/agent-api.ts'
import { isAgentError } from '../base/agent-error.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatCount, formatSize } from './amounts.ts'
import { usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import { type PlaceInput, readPlace, replicaWords, strayS3Flag } from './place-options.ts'
import type { RunVerb, Session } from './session.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const longestEveryHours = 90 * 24
const longestGraceDays = 3650

interface SetInput extends Omit<PlaceInput, 'local' | 's3'> {
  readonly name: string
  readonly replicaLocal?: string
  readonly replicaS3?: string
  readonly replicaEvery?: string
  readonly replicaGrace?: string
  /** False: `--no-replica`. */
  readonly replica?: boolean
}

export const setVault: RunVerb<SetInput> = async (input, session) => {
  const { output } = session
  const { name, replicaLocal, replicaS3, replicaEvery, replicaGrace } = input
  const isRemoval = input.replica === false
  const hasPlace = replicaLocal !== undefined || replicaS3 !== undefined || strayS3Flag(input) !== undefined
  const hasTimes = replicaEvery !== undefined || replicaGrace !== undefined
  if (isRemoval && (hasPlace || hasTimes)) {
    throw usageError('--no-replica excludes the other options of the replica.', 'Give one of them.')
  }
  if (!isRemoval && !hasPlace && !hasTimes) {
    throw usageError('Nothing to change was given.', 'Give an option; see "tharsis vault set --help".')
  }
  const agent = await session.agent()
  if (isRemoval) {
    const removed = await agent.removeReplica(name)
    await output.summary(removed, () => [
      `Vault "${name}" has no replica any more. What is in ${removed.address} stays.`,
    ])
    return exitStatus.done
  }
  const change: ReplicaChange = {
    ...(hasPlace && { place: await readReplicaPlace(input, session) }),
    ...(replicaEvery !== undefined && {
      everyMs: wholeNumber(replicaEvery, '--replica-every', 1, longestEveryHours) * hourMs,
    }),
    ...(replicaGrace !== undefined && {
      graceMs: wholeNumber(replicaGrace, '--replica-grace', 0, longestGraceDays) * dayMs,
    }),
  }
  const changed = await setOrReplace(agent, name, change, session)
  if (changed === undefined) {
    output.note('The replica stays where it is.')
    return exitStatus.cancelled
  }
  const { replica, remarks } = changed
  await output.summary({ replica, remarks }, () => [
    `The replica of vault "${name}" is ${replica.address}, due every ${countOf(replica.everyMs / hourMs, 'hour')}.`,
    ...(replica.completedAt === null ? [`Fill it with "tharsis vault replicate ${name}".`] : []),
  ])
  for (const remark of remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

/** Asks before a replica that is elsewhere is given up; undefined: it shall not be. */
async function setOrReplace(agent: AgentApi, name: string, change: ReplicaChange, session: Session) {
  const replacing = { ...change, replace: true }
  if (session.options.yes === true) return await agent.setReplica(name, replacing)
  try {
    return await agent.setReplica(name, change)
  } catch (error) {
    if (!isAgentError(error, 'replica.exists') || !session.interactive) throw error
    const isMeant = await session.confirm(`${error.message} Put the new one in its place?`)
    return isMeant ? await agent.setReplica(name, replacing) : undefined
  }
}

async function readReplicaPlace(input: SetInput, session: Session): Promise<PlaceRequest> {
  const { replicaLocal: local, replicaS3: s3 } = input
  const place = { ...input, ...(local !== undefined && { local }), ...(s3 !== undefined && { s3 }) }
  return await readPlace(place, session, replicaWords)
}

export const replicateVault: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  const replication = await (await session.agent()).replicateVault(name, session.context)
  await output.summary(replication, () => [
    `The replica of vault "${name}" (${replication.address}) is ${replication.heldBack === 0 ? 'up to date' : 'behind'}.`,
    ...output.facts([
      ['Copied', `${countOf(replication.copied.objects, 'object')}, ${formatSize(replication.copied.bytes)}`],
      ['Points', `${formatCount(replication.copied.points)} new`],
      ...removalFacts(replication),
    ]),
  ])
  return sayTroubles(name, replication, output)
}

/** What became of what clean-ups have removed from the vault. */
function removalFacts({ removed, waiting }: ReplicationDocument): readonly (readonly [string, string])[] {
  const words = (points: number, chunkFiles: number) =>
    `${countOf(points, 'point')}, ${countOf(chunkFiles, 'chunk file')}`
  const isAny = removed.points + removed.chunkFiles > 0
  return [
    ...(isAny
      ? [['Let go', `${words(removed.points, removed.chunkFiles)}, ${formatSize(removed.bytes)}`] as const]
      : []),
    ...(waiting === null
      ? []
      : [['Kept for now', `${words(waiting.points, waiting.chunkFiles)} until ${formatTime(waiting.due)}`] as const]),
  ]
}

function sayTroubles(name: string, replication: ReplicationDocument, output: Output): number {
  const { damaged, lost, heldBack, refusal } = replication
  for (const { object, reason } of damaged.slice(0, 20)) output.error(`Not copied: ${object}: ${reason}`)
  if (heldBack > 0) {
    output.problemDetail(`${countOf(heldBack, 'point')} may need what is damaged or missing, and was not copied.`)
  }
  if (lost > 0) {
    output.error(
      `The vault has lost ${countOf(lost, 'point')} that the replica still holds; nothing was removed there.`,
    )
  }
  if (refusal !== undefined) output.note(`The replica keeps what the vault has removed: ${refusal}`)
  if (damaged.length === 0 && lost === 0) return exitStatus.done
  output.problemDetail(`See what it means with "tharsis vault verify ${name}".`)
  return exitStatus.damaged
}

/** What `vault show` says of a replica. */
export function replicaFacts(replica: ReplicaDocument): readonly (readonly [string, string])[] {
  const { address, state, reason, behind, completedAt, everyMs, graceMs, isDue, lock } = replica
  const age = completedAt === null ? 'never completed' : `completed ${formatTime(completedAt)}`
  const lag =
    behind === undefined && state === 'not asked'
      ? 'not asked'
      : behind === undefined
        ? `not reachable${reason === undefined ? '' : `: ${reason}`}`
        : behind.bytes === 0 && behind.points === 0
          ? 'nothing behind'
          : `${countOf(behind.points, 'point')} and ${formatSize(behind.bytes)} behind`
  return [
    ['Replica', `${address} (${lag})`],
    ['Replicated', `${age}; due every ${countOf(everyMs / hourMs, 'hour')}${isDue ? ', due now' : ''}`],
    ['It keeps what was removed for', countOf(graceMs / dayMs, 'day')],
    ...(lock === undefined ? [] : [['It is locked', lockWords(lock, 'replication')] as const]),
  ]
}

/** `extendedBy`: what extends the locks next where nothing is known of them. */
export function lockWords({ days, nextExpiry }: LockDocument, extendedBy: string): string {
  const until =
    nextExpiry === null
      ? `extended by the next ${extendedBy}`
      : `the first lock ends ${formatTime(nextExpiry).slice(0, 10)}`
  return `for ${countOf(days, 'day')} at least; ${until}`
}
