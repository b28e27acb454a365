/** What requests that put an object say of it, and what their answers mean; the same for one request and for parts. */
import { s3CodeOf, s3StatusOf } from './s3-errors.ts'

/** S3's least size of a part but the last. */
export const leastPartBytes = 5 * 1024 * 1024

/** What a request says of the object beside its bytes. */
export interface ObjectTerms {
  readonly ObjectLockMode?: 'GOVERNANCE'
  readonly ObjectLockRetainUntilDate?: Date
}

/** `taken`: something stands under the key; `contended`: another request for it was under way. */
export type PutOutcome = 'made' | 'taken' | 'contended'

/** What a refused put means; throws what is no such refusal. */
export function refusedPut(error: unknown): PutOutcome {
  if (s3StatusOf(error) === 412) return 'taken'
  if (s3StatusOf(error) === 409 && s3CodeOf(error) === 'ConditionalRequestConflict') return 'contended'
  throw error
}
