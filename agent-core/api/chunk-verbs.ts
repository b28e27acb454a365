/** Use cases of single chunk files: a look inside, with a key where this machine has it. */
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { deriveKeys, type KeyspaceKeys } from '../codec/key-derivation.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { checkChunkFile, describeChunkFile, dumpChunkFile } from '../verify/check-chunk-file.ts'
import type { ChunkDocument, ChunkDump, ChunkVerification } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { rememberedKey } from './open-vault.ts'

export async function chunkInfo(file: string): Promise<ChunkDocument> {
  return await reading(file, () => describeChunkFile(file))
}

/** Checks a chunk file's own hash, and opens every block where the key is on this machine. */
export async function chunkVerify(deps: AgentDeps, file: string): Promise<ChunkVerification> {
  const keysOf = await knownKeys(deps)
  return await reading(file, () => checkChunkFile(file, keysOf))
}

export async function chunkDump(deps: AgentDeps, file: string): Promise<ChunkDump> {
  const keysOf = await knownKeys(deps)
  return await reading(file, () => dumpChunkFile(file, keysOf))
}

/** Keys of the keyspaces that are remembered here; no passphrase is asked for. */
async function knownKeys(deps: AgentDeps): Promise<(keyspace: KeyspaceId) => KeyspaceKeys | undefined> {
  const keys = new Map<KeyspaceId, KeyspaceKeys>()
  for (const { keyspace } of deps.state.vaults()) {
    const masterKey = await rememberedKey(deps, keyspace)
    if (masterKey !== undefined) keys.set(keyspace, deriveKeys(masterKey, keyspace))
  }
  return (keyspace) => keys.get(keyspace)
}

async function reading<Result>(file: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof AgentError || !(error instanceof Error) || !('syscall' in error)) throw error
    const code = 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new AgentError('chunk.not-found', { path: file }, error)
    throw new AgentError('chunk.unreadable', { path: file, reason: troubleWords(error) }, error)
  }
}
