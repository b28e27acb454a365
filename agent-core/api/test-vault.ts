/**
 * Tries a vault's place for real: that of a known one (`vault test`), of which what a server was found to do is remembered, or a
 * bucket before it becomes one.
 */
import { AgentError } from '../base/agent-error.ts'
import { randomId } from '../base/random.ts'
import { probePrefix } from '../format/vault-layout.ts'
import { readFreeSpace } from '../vault/directory-probe.ts'
import { requireEmpty } from '../vault/vault-keys.ts'
import type { BucketTest, S3PlaceRequest, VaultTest } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openStoreAt } from './open-store.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { placeAfterProbe, settleS3Place } from './settle-place.ts'

const bodyBytes = 1024 * 1024

/** Throws what making a vault there would throw: `vault.credentials`, `vault.unreachable`, `vault.not-empty`, `usage.invalid`. */
export async function testBucket(deps: AgentDeps, request: S3PlaceRequest): Promise<BucketTest> {
  const { place, keys } = settleS3Place(request)
  const store = await openStoreAt(deps, place, keys)
  try {
    await requireEmpty(store)
    const capabilities = await store.probe()
    placeAfterProbe(place, capabilities)
    return { address: place.address, capabilities }
  } finally {
    await store.close()
  }
}

/** Capabilities, and one object written, read back and removed. */
export async function testKnownVault(deps: AgentDeps, name: string): Promise<VaultTest> {
  const known = knownVault(deps, name)
  const vault = await openKnownVault(deps, known)
  const { store } = vault
  try {
    const capabilities = await store.probe()
    if (known.kind === 's3') deps.state.putPlace(known.name, placeAfterProbe(known, capabilities))
    // What cannot be removed is always the same object.
    const mayDelete = capabilities.s3?.mayDelete ?? true
    const body = mayDelete ? deps.random.bytes(bodyBytes) : Buffer.alloc(bodyBytes, 'test')
    const object = mayDelete ? `${vault.layout.root}test/${randomId(deps.random)}` : `${probePrefix}body`
    const startMs = deps.clock.nowMs()
    await store.put(object, body)
    const putMs = deps.clock.nowMs() - startMs
    const read = await store.get(object)
    const getMs = deps.clock.nowMs() - startMs - putMs
    if (mayDelete) await store.delete(object)
    if (!read.equals(body)) {
      throw new AgentError('store.failed', {
        address: known.address,
        reason: 'a test object came back with other bytes',
      })
    }
    const { kind, address } = known
    const free = kind === 'local' ? { freeBytes: (await readFreeSpace(address)).freeBytes } : {}
    return { name: known.name, kind, address, capabilities, ...free, putMs, getMs }
  } finally {
    await store.close()
  }
}
