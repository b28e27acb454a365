import type { ChunkDocument } from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatCount, formatSize } from './amounts.ts'
import { absolutePath } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb } from './session.ts'

interface ChunkInput {
  readonly file: string
}

export const chunkInfo: RunVerb<ChunkInput> = async ({ file }, session) => {
  const { output } = session
  const chunk = await (await session.agent()).chunkInfo(absolutePath(file, session.cwd))
  await output.result(chunk, () => chunkLines(chunk, output))
  return exitStatus.done
}

export const chunkVerify: RunVerb<ChunkInput> = async ({ file }, session) => {
  const { output } = session
  const found = await (await session.agent()).chunkVerify(absolutePath(file, session.cwd))
  const isWhole = found.whole && found.damaged.length === 0
  await output.result(found, () =>
    output.facts([
      ['File', found.file],
      ['Checked', found.opened ? 'hash, structure and every block' : 'hash and structure (no key here opens it)'],
      ['State', isWhole ? 'whole' : 'damaged'],
      ...(isWhole ? [] : [['Damaged', found.damaged.map((at) => `offset ${at.offset}: ${at.reason}`)] as const]),
    ]),
  )
  if (isWhole) return exitStatus.done
  output.error(`${found.file} is damaged.`)
  output.problemDetail('"tharsis vault verify NAME --read-data 100" names the affected files.')
  return exitStatus.damaged
}

export const chunkDump: RunVerb<ChunkInput> = async ({ file }, session) => {
  const { output } = session
  const chunk = await (await session.agent()).chunkDump(absolutePath(file, session.cwd))
  await output.result(chunk, () => [
    ...chunkLines(chunk, output),
    '',
    ...output.table(
      [
        { title: 'EXTENT', align: 'right' },
        { title: 'OFFSET', align: 'right' },
        { title: 'STORED', align: 'right' },
        { title: 'RAW', align: 'right' },
        { title: 'METHOD' },
        { title: 'BLOCK' },
        { title: 'SIZE', align: 'right' },
      ],
      chunk.extentList.flatMap((extent) => {
        const cells = [extent.number, extent.offset, extent.storedBytes, extent.rawBytes].map(formatCount)
        const line = [...cells, extent.method]
        if (extent.blocks === null) return [[...line, 'no key here opens it', '']]
        const [first, ...rest] = extent.blocks.map((block) => [block.id, formatCount(block.sizeBytes)])
        return [[...line, ...(first ?? ['', ''])], ...rest.map((block) => ['', '', '', '', '', ...block])]
      }),
    ),
  ])
  return exitStatus.done
}

function chunkLines(chunk: ChunkDocument, output: Output): readonly string[] {
  return output.facts([
    ['File', chunk.file],
    ['Name', chunk.name],
    ['Kind', chunk.kind],
    ['File id', chunk.fileId],
    ['Parent', chunk.parentFileId ?? 'none'],
    ['Keyspace', `${chunk.keyspace}, epoch ${chunk.epoch}`],
    ['Created', formatTime(chunk.createdAt)],
    ['Size', `${formatCount(chunk.sizeBytes)} bytes (${formatSize(chunk.sizeBytes)})`],
    [
      'Holds',
      `${countOf(chunk.blocks, 'block')} in ${countOf(chunk.extents, 'extent')}, ${formatSize(chunk.rawBytes)}`,
    ],
    ['SHA-256', chunk.sha256],
  ])
}
