/** What a place does not let go of, in words. */
import { isAgentError } from '../base/agent-error.ts'
import type { CallOptions, ObjectStore } from './object-store.ts'

/** Why a place does not let go of something; undefined for any other error. */
export function refusalIn(error: unknown): string | undefined {
  return isAgentError(error, 'vault.denied') ? error.data.reason : lockIn(error)
}

/** Deletes an object. One that Object Lock keeps stays, and the answer says until when. */
export async function deleteUnlessLocked(
  store: ObjectStore,
  name: string,
  options?: CallOptions,
): Promise<string | undefined> {
  try {
    await store.delete(name, options)
    return undefined
  } catch (error) {
    const lock = lockIn(error)
    if (lock === undefined) throw error
    return lock
  }
}

function lockIn(error: unknown): string | undefined {
  return isAgentError(error, 'store.retained') ? `${error.data.object} is locked until ${error.data.until}` : undefined
}
