/** The base of this home: for writing under the home lock, or read beside a running backup. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { makeFolder } from '../base/make-folder.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import { removeCache } from '../cache/cache-files.ts'
import type { AgentDeps } from './agent-deps.ts'

/** Throws `cache.failed`. */
function ensureCacheFolder(deps: AgentDeps): void {
  try {
    makeFolder(deps.paths.cache)
  } catch (error) {
    throw new AgentError('cache.failed', { path: deps.paths.cache, reason: troubleWords(error) }, error)
  }
}

/** Opens the base for a verb that holds the home lock; clears up behind an interrupted move of the cache. */
export function openBaseForWriting(deps: AgentDeps): BaseDb {
  clearCacheLeftover(deps)
  ensureCacheFolder(deps)
  const base = openBase(deps.paths.base, { clock: deps.clock })
  if (base.setAside !== undefined) deps.log.warn('a damaged base was set aside', { path: base.setAside })
  return base
}

/**
 * Removes the folder that a move of the cache left behind: the copy that was not finished, or the old place. Where it
 * cannot be removed now, a later verb tries again. Only under the home lock.
 */
function clearCacheLeftover(deps: AgentDeps): void {
  const leftover = deps.state.setting('cache-leftover')
  if (leftover === undefined) return
  try {
    if (leftover !== deps.paths.cache) removeCache(leftover)
    deps.state.putSettings({ 'cache-leftover': undefined })
  } catch (error) {
    if (!isAgentError(error, 'cache.failed')) throw error
    deps.log.warn('what is left of a moved cache could not be removed', { path: leftover, reason: error.message })
  }
}
