import type { PointDetails, PointDocument, PointFile } from '../api/agent-api.ts'
import { countOf, formatCount, formatSize, formatTime } from './amounts.ts'
import { wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import { plainText } from './plain-text.ts'
import type { RunVerb } from './session.ts'
import { sayWarnings } from './warning-lines.ts'

export const listPoints: RunVerb<{ readonly item: string }> = async ({ item }, session) => {
  const { output } = session
  const points = await (await session.agent()).listPoints(item)
  await output.result(points, () =>
    points.length === 0
      ? [`Item "${item}" has no points yet. Make one with "tharsis backup-now ${item}".`]
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
            point.keptUntil === null ? '' : formatTime(point.keptUntil).slice(0, 10),
            pointRemarks(point),
          ]),
        ),
  )
  return exitStatus.done
}

function pointRemarks(point: PointDocument): string {
  return [...(point.partial ? ['partial'] : []), ...(point.held ? ['held'] : [])].join(', ')
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
    ['Kept until', point.keptUntil === null ? 'no date of its own' : formatTime(point.keptUntil)],
    ['Held', point.held ? 'yes' : 'no'],
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

interface FilesInput extends PointInput {
  readonly path?: string
  readonly depth?: string
}

const deepest = 1_000_000

export const listFiles: RunVerb<FilesInput> = async (input, session) => {
  const depth = input.depth === undefined ? Number.MAX_SAFE_INTEGER : wholeNumber(input.depth, '--depth', 1, deepest)
  const files = (await session.agent()).pointFiles(input.item, input.point, input.path, depth)
  await session.output.stream(stoppable(files, session.signal), fileLine)
  return exitStatus.done
}

async function* stoppable<Entry>(entries: AsyncIterable<Entry>, signal: AbortSignal): AsyncIterable<Entry> {
  for await (const entry of entries) {
    signal.throwIfAborted()
    yield entry
  }
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
