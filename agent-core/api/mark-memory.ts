/** The marks of vaults that this home has read before. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openMarkFile } from '../vault/mark-file.ts'
import type { MarkMemory } from '../vault/point-marks.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'

type Place = Pick<Vault, 'id'> & { readonly keyspace: string }

/** Opens what is kept of the marks of a vault's keyspace. */
export async function openMarkMemory(deps: AgentDeps, vault: Vault): Promise<MarkMemory> {
  return await openMarkFile(markFileOf(deps, { id: vault.id, keyspace: vault.keys.keyspace }), deps.log)
}

/** True when this home has ever met a mark there. */
export function hasMetMarks(deps: AgentDeps, vault: Place): boolean {
  return existsSync(markFileOf(deps, vault))
}

/** Where the marks of a vault's keyspace are kept. */
export function markFileOf(deps: AgentDeps, { id, keyspace }: Place): string {
  return join(deps.paths.marks, `${id}-${keyspace}`)
}
