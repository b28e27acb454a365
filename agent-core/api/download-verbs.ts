/** The use case of a download: one file of a point, as a stream of its bytes. */
import { Readable } from 'node:stream'
import { AgentError } from '../base/agent-error.ts'
import type { DownloadOffer } from '../contract/documents/folder.ts'
import { partsOf } from '../restore/content.ts'
import { resolvePaths } from '../restore/resolve-path.ts'
import type { AgentDeps } from './agent-deps.ts'
import { type ItemReading, openItemReading } from './open-reading.ts'

/** Zeros of a hole, a piece at a time. */
const zeros = Buffer.alloc(1024 * 1024)

/** Offers a file of a point. Throws `agent.not-running` where nobody serves downloads, `usage.invalid` for what is no file. */
export async function offerDownload(
  deps: AgentDeps,
  item: string,
  point: string,
  path: string,
): Promise<DownloadOffer> {
  const { offerDownload: offer } = deps
  if (offer === undefined) throw new AgentError('agent.not-running', { what: 'nothing can be downloaded' })
  await using reading = await openItemReading(deps, item)
  const { manifest } = await reading.point(point)
  const { entry } = await fileAt(reading, manifest.id, path)
  const name = Buffer.from(entry.name).toString()
  const open = () => Readable.from(contentOf(deps, item, manifest.id, path))
  return { id: offer({ name, open }), name, sizeBytes: entry.sizeBytes ?? 0 }
}

async function* contentOf(deps: AgentDeps, item: string, point: string, path: string) {
  await using reading = await openItemReading(deps, item)
  const { entry } = await fileAt(reading, point, path)
  if (entry.content === undefined) return
  for await (const { id, sizeBytes } of partsOf(reading.tree, entry.content)) {
    if (id !== null) yield await reading.blocks.read(id)
    else for (let left = sizeBytes; left > 0; left -= zeros.length) yield zeros.subarray(0, left)
  }
}

async function fileAt(reading: ItemReading, point: string, path: string) {
  const { manifest } = await reading.point(point)
  const [found] = await resolvePaths(reading.tree, manifest.root, [Buffer.from(path)], {
    item: reading.item.name,
    point: manifest.id,
  })
  if (found?.entry.type === 'file') return found
  throw new AgentError('usage.invalid', {
    problem: `"${path.slice(0, 200)}" is no file; only single files are downloaded.`,
    advice: 'Restore folders with "tharsis restore files".',
  })
}
