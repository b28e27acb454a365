import { formatCount, formatSize, formatTook } from '../../agent-core/cli/amounts.ts'
import { renderTable } from '../../agent-core/cli/text-table.ts'
import { bytesOfChangedFiles, type FolderRecord, totalBytes } from './folder-record.ts'
import type { BackupAnswer } from './tharsis-commands.ts'

export interface BackupStep {
  readonly backup: BackupAnswer & { readonly tookMs: number }
  /** The folder as it was backed up. */
  readonly record: FolderRecord
}

/**
 * Lines of a table: what each backup took, beside what a full backup each time, and a differential one (whole files
 * that changed since the first), would have transferred. Those two are given the compression that the first backup
 * reached, and no deduplication.
 */
export function costTable(steps: readonly BackupStep[]): string[] {
  const first = steps[0]
  if (first === undefined) return []
  const { bytes } = first.backup
  const ratio = bytes.new === 0 ? 1 : Math.min(1, bytes.stored / bytes.new)
  const sum = { transferred: 0, full: 0, differential: 0 }
  const rows = steps.map(({ backup, record }, at) => {
    const full = totalBytes(record) * ratio
    const differential = at === 0 ? full : bytesOfChangedFiles(first.record, record) * ratio
    sum.transferred += backup.transferred
    sum.full += full
    sum.differential += differential
    return [
      `${at + 1} ${at === 0 ? 'first' : 'increment'}`,
      formatTook(backup.tookMs),
      formatCount(backup.files.read),
      formatSize(backup.bytes.read),
      formatSize(backup.bytes.new),
      formatSize(backup.transferred),
      formatSize(full),
      formatSize(differential),
    ]
  })
  const total = [formatSize(sum.transferred), formatSize(sum.full), formatSize(sum.differential)]
  return [
    ...renderTable(
      [
        { title: 'BACKUP' },
        ...['TIME', 'FILES READ', 'READ', 'NEW', 'TRANSFERRED', 'FULL *', 'DIFFERENTIAL *'].map((title) => ({
          title,
          align: 'right' as const,
        })),
      ],
      [...rows, ['together', '', '', '', '', ...total]],
      { colours: false },
    ),
    `* what a full backup each time, and a differential one (whole files changed since the first), would have`,
    `  transferred: estimated from the files, with the compression of the first backup (to ${Math.round(ratio * 100)} %)`,
  ]
}
