import { type AgentError, isAgentError } from '../base/agent-error.ts'
import { isNoSpace } from './free-space.ts'

/** True for an error that means: this piece of the vault is damaged, others may be whole. */
export function isDamage(error: unknown): error is AgentError {
  return damageCodes.some((code) => isAgentError(error, code))
}

const damageCodes = ['vault.damaged', 'format.invalid', 'store.not-found'] as const

/** What an error says, without the full stop at its end. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}

/** True when `error` comes from a call into the system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** A system error in words, without the path inside of /proc that the call was given. */
export function systemReason(error: NodeJS.ErrnoException): string {
  return error.message.replace(/(?: '[^']*')?(?: -> '[^']*')?$/s, '')
}

/** True when a name was taken. */
export function isTaken(error: unknown): boolean {
  return isSystemError(error) && error.code === 'EEXIST'
}

/** True for a system error that concerns the whole target, not one entry. */
export function isFatal(error: { readonly code: string }): boolean {
  return isNoSpace(error) || error.code === 'EROFS' || error.code === 'ESTALE'
}
