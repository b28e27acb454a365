import type { PointDetails, PointDocument, PointFile } from '../api/agent-api.ts'
import { adviceOf } from '../base/agent-error.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatCount, formatSize } from './amounts.ts'
import { wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import { plainText } from './plain-text.ts'
import type { RunVerb, Session } from './session.ts'
import { sayWarnings } from './warning-lines.ts'

interface ListInput {
  readonly item: string
  readonly deleted?: true
}

export const listPoints: RunVerb<ListInput> = async ({ item, deleted }, session) => {
  const { output } = session
  const all = await (await session.agent()).listPoints(item)
  const points = deleted ? all : all.filter((point) => point.deleted === null)
  const none = points.length > 0 || output.json ? '' : await noPointsWords(item, all, session)
  await output.result(points, () =>
    points.length === 0
      ? [none]
      : output.table(
          [
            { title: 'POINT' },
            { title: 'NO', align: 'right' },
            { title: 'TIME' },
            { title: 'KIND' },
            { title: 'FILES', align: 'right' },
            { title: 'SIZE', align: 'right' },
            { title: 'NEW', align: 'right' },
            { title: 'STORED', align: 'right' },
            { title: 'TIERS' },
            { title: 'KEPT UNTIL' },
            { title: 'REMARKS' },
          ],
          points.map((point) => [
            point.id.slice(0, 8),
            String(point.seq),
            formatTime(point.time),
            point.kind,
            formatCount(point.files),
            formatSize(point.bytes.total),
            formatSize(point.bytes.new),
            formatSize(point.bytes.stored),
            point.tiers.join('+'),
            keptUntilWords(point),
            pointRemarks(point),
          ]),
        ),
  )
  const hidden = all.length - points.length
  if (hidden > 0) {
    output.note(`${countOf(hidden, 'point')} in the trash; "--deleted" shows ${hidden === 1 ? 'it' : 'them'}.`)
  }
  return exitStatus.done
}

/** Why there is nothing to list, and what to do about it. */
async function noPointsWords(item: string, all: readonly PointDocument[], session: Session): Promise<string> {
  if (all.length > 0) return `All points of item "${item}" are in the trash.`
  const { access, machine, stopped } = await (await session.agent()).showItem(item)
  if (access === 'read-only') return `Item "${item}" has no points yet; machine "${machine}" makes them.`
  if (stopped === null) return `Item "${item}" has no points yet. Make one with "tharsis backup-now ${item}".`
  const advice = adviceOf('item.stopped', { name: item, data: stopped.data })
  return `Item "${item}" has no points, and its protection is stopped. ${advice}`
}

/** The day, or why there is none. */
function keptUntilWords(point: PointDocument): string {
  if (point.expiredSince !== null) return 'expired'
  if (point.keptUntil !== null) return formatTime(point.keptUntil).slice(0, 10)
  return point.keptBecause.some(({ rule }) => rule === 'hold') ? 'held' : 'no end'
}

function pointRemarks({ partial, held, deleted }: PointDocument): string {
  const trash = deleted === null ? [] : [`in the trash until ${formatTime(deleted.until).slice(0, 10)}`]
  return [...(partial ? ['partial'] : []), ...(held ? ['held'] : []), ...trash].join(', ')
}

interface PointInput {
  readonly item: string
  readonly point: string
}

export const showPoint: RunVerb<PointInput> = async (input, session) => {
  const { output } = session
  const point = await (await session.agent()).showPoint(input.item, input.point)
  await output.result(point, () => pointLines(point, output))
  // What a point lacks is part of what it is, no outcome of this verb.
  if (!output.json) sayWarnings(output, point.warnings)
  return exitStatus.done
}

function pointLines(point: PointDetails, output: Output): readonly string[] {
  const { bytes } = point
  return output.facts([
    ['Point', point.id],
    ['Item', point.item],
    ['Number', `${point.seq} (${point.kind})`],
    ['Time', formatTime(point.time)],
    ['Machine', `${point.machine} (${point.platform}), ${point.product}`],
    ['Snapshot', point.snapshot],
    ['Parent', point.parent ?? 'none'],
    ['Tiers', point.tiers.join(', ')],
    ['Kept until', point.keptUntil === null ? keptUntilWords(point) : formatTime(point.keptUntil)],
    [
      'Because',
      point.expiredSince === null
        ? point.keptBecause.map(({ words, until }) => (until === null ? words : `${words}: ${formatTime(until)}`))
        : `expired since ${formatTime(point.expiredSince)}: the next clean-up takes it away`,
    ],
    ['Held', point.held ? 'yes' : 'no'],
    ...(point.deleted === null ? [] : [['In the trash', trashWords(point.deleted)] as const]),
    ['Whole', point.partial ? 'no, some files could not be read' : 'yes'],
    ['Folders', point.folders.map((folder) => folder.path)],
    [
      'Holds',
      `${countOf(point.files, 'file')}, ${countOf(point.directories, 'folder')}, ${countOf(point.others, 'other')}`,
    ],
    ['Size', `${formatSize(bytes.total)}; ${formatSize(bytes.read)} read, ${formatSize(bytes.new)} new`],
    ['Stored', `${formatSize(bytes.stored)} in ${countOf(point.chunkFiles.length, 'chunk file')}`],
    ...(point.missing.length === 0 ? [] : [['Missing', point.missing.map((entry) => entry.path)] as const]),
  ])
}

function trashWords({ at, until, who, reason }: NonNullable<PointDocument['deleted']>): string {
  const why = reason === null ? '' : ` (${reason})`
  return `until ${formatTime(until)}; put there by ${who}, ${formatTime(at)}${why}`
}

interface FilesInput extends PointInput {
  readonly path?: string
  readonly depth?: string
}

const deepest = 1_000_000

export const listFiles: RunVerb<FilesInput> = async (input, session) => {
  const depth = input.depth === undefined ? Number.MAX_SAFE_INTEGER : wholeNumber(input.depth, '--depth', 1, deepest)
  const files = (await session.agent()).pointFiles(input.item, input.point, input.path, depth)
  await session.output.stream(files, fileLine, session.signal)
  return exitStatus.done
}

const typeLetters: Readonly<Record<string, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  'character-device': 'c',
  'block-device': 'b',
}

function fileLine(file: PointFile): string {
  const size = formatCount(file.size).padStart(15)
  const link = file.linkTarget === undefined ? '' : ` -> ${plainText(file.linkTarget)}`
  const type = typeLetters[file.type] ?? '?'
  return `${type}${file.mode.padStart(5)} ${size}  ${formatTime(file.mtime)}  ${plainText(file.path)}${link}`
}
