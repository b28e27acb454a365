/** The base of this home: for writing under the home lock, or read beside a running backup. */
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { makeFolder } from '../base/make-folder.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { AgentDeps } from './agent-deps.ts'

/** Throws `cache.failed`. */
function ensureCacheFolder(deps: AgentDeps): void {
  try {
    makeFolder(deps.paths.cache)
  } catch (error) {
    throw new AgentError('cache.failed', { path: deps.paths.cache, reason: troubleWords(error) }, error)
  }
}

/** Opens the base for a verb that holds the home lock. */
export function openBaseForWriting(deps: AgentDeps): BaseDb {
  ensureCacheFolder(deps)
  const base = openBase(deps.paths.base, { clock: deps.clock })
  if (base.setAside !== undefined) deps.log.warn('a damaged base was set aside', { path: base.setAside })
  return base
}
