import type { RestoreDocument } from '../../agent-core/api/agent-api.ts'
import type { AgentDeps } from '../../agent-core/api/agent-deps.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'

/** Restores a whole point of an item into a folder, as `restore files` does unless it is told otherwise. */
export async function restoreAll(
  deps: AgentDeps,
  directory: string,
  { item = 'mine', point = 'latest' }: { readonly item?: string; readonly point?: string } = {},
): Promise<RestoreDocument> {
  const rules = { paths: [], conflict: 'copy', metadata: true, special: false } as const
  return await restoreFiles(deps, { item, point, ...rules, target: { directory } }, {})
}
