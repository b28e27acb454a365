/** A directory store in a folder of its own, as the object-store contract wants its place. */
import { mkdir, readdir, rename, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import type { StorePlace } from '../contracts/object-store.contract.ts'

const deps = { clock: systemClock, random: systemRandom }

/** Makes `<parent>/vault-<n>` and opens a store there; `dispose` only closes, the parent is the caller's. */
export async function createDirectoryPlace(parent: string): Promise<StorePlace & { readonly folder: string }> {
  const folder = path.join(parent, `vault-${(await readdir(parent)).length}`)
  await mkdir(folder, { mode: 0o700 })
  const stores: ObjectStore[] = []
  const openAnother = async () => {
    const store = await openDirectoryStore(folder, deps)
    stores.push(store)
    return store
  }
  return {
    folder,
    store: await openAnother(),
    openAnother,
    takeAway: () => rename(folder, `${folder}-taken-away`),
    leaveTemporary: async (name, ageMs) => {
      const at = path.join(folder, path.dirname(name), `.tmp-0123456789abcdef-${path.basename(name)}`)
      await writeFile(at, 'half of it')
      const { mtimeMs } = await stat(at)
      await utimes(at, (mtimeMs - ageMs) / 1000, (mtimeMs - ageMs) / 1000)
    },
    dispose: async () => {
      for (const store of stores) await store.close()
    },
  }
}
