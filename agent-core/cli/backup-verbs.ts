import type { BackupDocument } from '../api/agent-api.ts'
import { countOf, formatCount, formatSize, formatTook } from './amounts.ts'
import { keepUntil, type RetainOptions } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb } from './session.ts'
import { sayWarnings } from './warning-lines.ts'

type BackupInput = RetainOptions & { readonly item: string }

export const backupNow: RunVerb<BackupInput> = async (input, session) => {
  const { output } = session
  const keepUntilMs = keepUntil(input, session.clock.nowMs())
  const options = { accept: session.options.accept === true, ...(keepUntilMs === undefined ? {} : { keepUntilMs }) }
  const backup = await (await session.agent()).backupNow(input.item, options, session.context)
  await output.summary(backup, () => backupLines(input.item, backup, output))
  sayWarnings(output, backup.warnings)
  for (const remark of backup.remarks) output.note(`Note: ${remark}`)
  if (backup.failure !== undefined) {
    output.error(backup.failure.message)
    output.problemDetail(backup.failure.advice)
  }
  return statusOf(backup)
}

function statusOf(backup: BackupDocument): number {
  if (backup.failure !== undefined) return backup.failure.exitCode
  if (backup.warnings.length > 0) return exitStatus.warnings
  const { state } = backup.job
  switch (state) {
    case 'completed':
      return exitStatus.done
    case 'completed with warnings':
    case 'waiting':
      return exitStatus.warnings
    case 'failed':
      return exitStatus.failed
    case 'cancelled':
      return exitStatus.cancelled
  }
}

function backupLines(item: string, backup: BackupDocument, output: Output): readonly string[] {
  const { job, point, files, bytes } = backup
  const took = formatTook(Date.parse(job.finishedAt) - Date.parse(job.startedAt))
  const place = point?.confirmed === true ? 'confirmed in the vault' : 'captured here, not yet in the vault'
  const failed = files.failed > 0 ? `, ${formatCount(files.failed)} not read` : ''
  return [
    point === null
      ? `Backup of "${item}" ${job.state} after ${took}; no point was made.`
      : `Backup of "${item}" ${job.state} in ${took}: point ${point.id.slice(0, 8)} (number ${point.seq}, ${point.kind}), ${place}.`,
    ...output.facts([
      ['Files', `${formatCount(files.seen)} seen, ${changeWords(files)}${failed}`],
      ['Read', `${formatSize(bytes.read)} of ${formatSize(bytes.total)} (${countOf(files.read, 'file')})`],
      ['New', `${formatSize(bytes.new)}, stored as ${formatSize(bytes.stored)}`],
      ['Transferred', formatSize(backup.transferred)],
    ]),
  ]
}

function changeWords(files: BackupDocument['files']): string {
  return `${formatCount(files.changed)} new or changed, ${formatCount(files.deleted)} deleted`
}
