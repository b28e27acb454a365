import type { PruneDocument, PruneOptions } from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatSize } from './amounts.ts'
import { wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb } from './session.ts'

interface PruneInput {
  readonly name: string
  readonly plan?: true
  readonly keyspace?: string
  readonly maxUnused?: string
  readonly grace?: string
}

/** Shorter grace times are asked about: what is deleted cannot be brought back. */
const askBelowDays = 14
const mostGraceDays = 180

export const pruneVault: RunVerb<PruneInput> = async (input, session) => {
  const { output } = session
  const { name, plan, keyspace, maxUnused, grace } = input
  const graceDays = grace === undefined ? undefined : wholeNumber(grace, '--grace', 0, mostGraceDays)
  if (graceDays !== undefined && graceDays < askBelowDays && plan !== true) {
    const when = graceDays === 0 ? 'at once' : `after ${countOf(graceDays, 'day')}`
    const question = `What no point needs is deleted ${when}. A machine that has been away for longer may lose points that it has not sent yet. Go on?`
    if (!(await session.confirmRemoval(question))) {
      output.note('Nothing was changed.')
      return exitStatus.cancelled
    }
  }
  const options: PruneOptions = {
    ...(plan === true && { plan }),
    ...(keyspace !== undefined && { keyspace }),
    ...(maxUnused !== undefined && {
      maxUnusedPercent: wholeNumber(maxUnused.replace(/%$/, ''), '--max-unused', 0, 100),
    }),
    ...(graceDays !== undefined && { graceDays }),
  }
  const pruned = await (await session.agent()).pruneVault(name, options, session.context)
  await output.result(pruned, () => linesOf(pruned, output))
  for (const remark of pruned.remarks) output.note(`Note: ${remark}`)
  if (pruned.refusal === null) return exitStatus.done
  output.warning(`The vault does not let go: ${pruned.refusal}. ${waitingWords(pruned)}`)
  return exitStatus.warnings
}

function linesOf(pruned: PruneDocument, output: Output): readonly string[] {
  const { plan, points, chunkFiles, bytes, merged, deleted, announced, waiting } = pruned
  const dueOf = ({ due }: PruneDocument['waiting']) => (due === null ? '' : `, from ${formatTime(due)} on`)
  const amountOf = (files: PruneDocument['waiting']) =>
    `${countOf(files.files, 'chunk file')}, ${formatSize(files.bytes)}${dueOf(files)}`
  const facts: [string, string | readonly string[]][] = [
    [pointsTitle(pruned), points.length === 0 ? 'none' : points.map(pointLine)],
    [
      'Not needed any more',
      `${countOf(chunkFiles.dead, 'chunk file')}; left by interrupted runs: ${chunkFiles.unindexed}; nearly empty: ${chunkFiles.sparse}`,
    ],
  ]
  if (merged.files > 0) {
    facts.push([
      'Merged',
      `${countOf(merged.files, 'chunk file')} into ${merged.intoFiles}, ${formatSize(merged.intoBytes)}`,
    ])
  }
  if (deleted.files > 0) facts.push(['Deleted', amountOf({ ...deleted, due: null })])
  if (announced.files > 0) facts.push([plan ? 'Would be announced' : 'Announced', amountOf(announced)])
  if (waiting.files > 0) facts.push([waiting.due === null ? 'Waiting' : 'Announced before', amountOf(waiting)])
  if (pruned.takenBack > 0) facts.push(['Needed after all', countOf(pruned.takenBack, 'chunk file')])
  facts.push(
    ['Stored before', formatSize(bytes.before)],
    ...(plan ? [] : [['Stored now', formatSize(bytes.now)] as [string, string]]),
    ['After the grace time', formatSize(bytes.afterGrace)],
  )
  return output.facts(facts)
}

function pointsTitle({ plan, refusal }: PruneDocument): string {
  if (plan) return 'Points that would go'
  return refusal === null ? 'Points removed' : 'Points that wait'
}

function waitingWords({ points, announced, waiting }: PruneDocument): string {
  const files = countOf(announced.files + waiting.files, 'chunk file')
  const size = formatSize(announced.bytes + waiting.bytes)
  return (
    `What waits: ${countOf(points.length, 'point')} and ${files}, ${size}. It goes with the first clean-up that may delete; ` +
    'with other credentials, run "tharsis vault test" before.'
  )
}

function pointLine({ id, itemName, time, reason }: PruneDocument['points'][number]): string {
  return `${id.slice(0, 8)} ${itemName} ${formatTime(time)}: ${reason}`
}
