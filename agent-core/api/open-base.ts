/** The base of this home: for writing under the home lock, or read beside a running backup. */
import { mkdirSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { AgentDeps } from './agent-deps.ts'

/** Throws `cache.failed`. */
function ensureCacheFolder(deps: AgentDeps): void {
  try {
    mkdirSync(deps.paths.cache, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new AgentError('cache.failed', { path: deps.paths.cache, reason: (error as Error).message }, error)
  }
}

/** Opens the base for a verb that holds the home lock. */
export function openBaseForWriting(deps: AgentDeps): BaseDb {
  ensureCacheFolder(deps)
  const base = openBase(deps.paths.base)
  if (base.setAside !== undefined) deps.log.warn('a damaged base was set aside', { path: base.setAside })
  return base
}
