/** Errors that say something of a vault, not of the backup that met them. */
import { AgentError, isAgentError } from '../base/agent-error.ts'

/** The vault is not what it was when the backup began: another copy of it was put in its place. */
export function historyChanged(address: string): AgentError {
  return new AgentError('store.failed', { address, reason: 'its history changed while the backup ran' })
}

/** True for an error that says the vault does not take data now; what was captured waits in the cache. */
export function isVaultTrouble(error: unknown): error is AgentError {
  return (
    isAgentError(error, 'vault.unreachable') ||
    isAgentError(error, 'vault.credentials') ||
    isAgentError(error, 'vault.credentials-expired') ||
    isAgentError(error, 'vault.clock-skew') ||
    isAgentError(error, 'vault.replaced') ||
    isAgentError(error, 'vault.file-missing') ||
    isAgentError(error, 'vault.file-damaged') ||
    isAgentError(error, 'vault.definitions-damaged') ||
    isAgentError(error, 'vault.full') ||
    isAgentError(error, 'vault.denied') ||
    isAgentError(error, 'vault.cleaning') ||
    isAgentError(error, 'store.busy') ||
    isAgentError(error, 'store.interrupted') ||
    isAgentError(error, 'vault.payload-away') ||
    isAgentError(error, 'store.failed') ||
    isAgentError(error, 'store.conflict')
  )
}
