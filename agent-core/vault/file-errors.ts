/** What the system's error codes mean for a vault in a folder (rule 8 of the object-store port). */
import { AgentError } from '../base/agent-error.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const DENIED: Readonly<Record<string, string>> = {
  EROFS: 'it is mounted read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
}
const ABSENT = new Set([
  'ENODEV',
  'ENXIO',
  'ENOMEDIUM',
  'ENOTCONN',
  'ESTALE',
  'ESHUTDOWN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ECONNRESET',
  'ECONNREFUSED',
])

/** The system's code (`ENOENT` …) of an error that a file call threw; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('errno' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** True when `error` says that a name is not there (its folder may be missing too, or be a file). */
export function isMissing(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

export function isFull(error: unknown): boolean {
  return FULL.has(errnoOf(error) ?? '')
}

/** The folder that an error arose below. */
export interface ErrorPlace {
  readonly address: string
  /** Throws `vault.unreachable` when the folder is gone or cannot be read. */
  requireAnswer(): Promise<void>
}

/**
 * The error to throw instead of `error`, which arose while `doing` (`writing a/b`) below `root`.
 * What is no file error (an AgentError, the reason of an abort, a bug) comes back as it is.
 */
export async function translateFileError(error: unknown, doing: string, root: ErrorPlace): Promise<unknown> {
  const code = errnoOf(error)
  if (code === undefined) return error
  const { address } = root
  if (FULL.has(code)) return new AgentError('vault.full', { address }, error)
  const refusal = DENIED[code]
  if (refusal !== undefined) return new AgentError('vault.denied', { address, reason: `${refusal} (${doing})` }, error)
  const reason = `${doing}: ${code}`
  if (ABSENT.has(code)) return new AgentError('vault.unreachable', { address, reason }, error)
  try {
    await root.requireAnswer()
  } catch (absence) {
    return absence
  }
  return new AgentError('store.failed', { address, reason }, error)
}
