/**
 * `vault.json`: docs/format/vault-layout.md. The one public object of a vault, readable without a
 * key; its SHA-256 is sealed in every keyspace, so that it cannot be exchanged.
 */
import type { VaultId } from '../contract/ids.ts'
import { invalid } from './invalid.ts'
import { ensureKnownVersion, formatVersion } from './versions.ts'

/** A reader refuses longer ones. */
export const maxVaultFileSizeBytes = 64 * 1024

export interface VaultFile {
  readonly vaultId: VaultId
  readonly createdAt: string
}

/** UTF-8 JSON, two-space indented, keys in this order, newline at the end. */
export function encodeVaultFile(vault: VaultFile): Buffer {
  const document = {
    product: 'tharsis',
    formatVersion,
    features: [],
    vaultId: vault.vaultId,
    createdAt: vault.createdAt,
  }
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`, 'utf8')
}

/** Throws `format.invalid` or `format.too-new`. */
export function decodeVaultFile(bytes: Uint8Array): VaultFile {
  if (bytes.length > maxVaultFileSizeBytes) throw invalid('vault.json', 0, 'longer than any vault.json')
  let document: Record<string, unknown>
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>
  } catch (error) {
    throw invalid('vault.json', 0, 'not JSON', error)
  }
  if (document === null || typeof document !== 'object' || document['product'] !== 'tharsis') {
    throw invalid('vault.json', 0, 'not a Tharsis vault')
  }
  const { formatVersion: version, features, vaultId, createdAt } = document
  if (!Number.isSafeInteger(version)) throw invalid('vault.json', 0, 'no format version')
  if (!Array.isArray(features)) throw invalid('vault.json', 0, 'no list of features')
  ensureKnownVersion('vault.json', version as number, features.length > 0 ? 1 : 0)
  if (typeof vaultId !== 'string' || !/^[0-9a-f]{32}$/.test(vaultId)) throw invalid('vault.json', 0, 'no vault id')
  if (typeof createdAt !== 'string') throw invalid('vault.json', 0, 'no creation time')
  return { vaultId: vaultId as VaultId, createdAt }
}
