import type { CacheDocument } from '../api/agent-api.ts'
import { countOf, formatSize } from './amounts.ts'
import { folderPath } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb } from './session.ts'

export const showCache: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const cache = await (await session.agent()).showCache()
  await output.result(cache, () => cacheLines(cache, output))
  return exitStatus.done
}

function cacheLines(cache: CacheDocument, output: Output): readonly string[] {
  const amount = ({ files, bytes }: { readonly files: number; readonly bytes: number }): string =>
    files === 0 ? 'nothing' : `${formatSize(bytes)} in ${countOf(files, 'chunk file')}`
  return output.facts([
    ['Folder', cache.folder],
    ['Budget', `${formatSize(cache.budget)}${cache.budgetIsDefault ? ' (default)' : ''}`],
    ['Used', formatSize(cache.used)],
    ['Waiting', `${amount(cache.waiting)} not confirmed by a vault yet`],
    ['Instant', `${amount(cache.instant)} kept for ${countOf(cache.instant.days, 'day')}`],
    ['Linked', `${amount(cache.linked)} one copy with a vault on this disk, which takes no room`],
    ['Base', formatSize(cache.base.bytes)],
    ...(cache.base.setAside.length === 0
      ? []
      : [['Set aside', cache.base.setAside.map(({ file, bytes }) => `${file} (${formatSize(bytes)})`)] as const]),
    ['Free there', formatSize(cache.free)],
  ])
}

export const moveCache: RunVerb<{ readonly dir: string }> = async ({ dir }, session) => {
  const { output } = session
  const moved = await (await session.agent()).moveCache(folderPath(dir, session.cwd), session.context)
  await output.summary(moved, () => [
    `The cache is in ${moved.folder} now (${countOf(moved.files, 'chunk file')}, ${formatSize(moved.bytes)}).`,
  ])
  for (const remark of moved.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

export const rebuildCache: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const rebuilt = await (await session.agent()).rebuildCache(session.context)
  await output.summary(rebuilt, () => [
    `The base in ${rebuilt.folder} was built anew.`,
    ...rebuilt.vaults.map(
      ({ name, chunkFiles, points }) =>
        `Vault "${name}": ${countOf(chunkFiles, 'chunk file')}, ${countOf(points, 'last point')}.`,
    ),
    ...(rebuilt.setAside === null ? [] : [`The one from before is ${rebuilt.setAside}; it can be deleted.`]),
  ])
  for (const remark of rebuilt.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}
