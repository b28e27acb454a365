/** The items of a machine of which all definitions are damaged, as its points tell of them: enough to restore. */
import { isAgentError } from '../base/agent-error.ts'
import type { HomeId } from '../contract/ids.ts'
import type { ItemDefinition } from '../format/definitions.ts'
import type { ReadDefinitions, Vault } from '../vault/vault.ts'

/** No home has this id: nobody becomes the writer by it. */
const nobody = '0'.repeat(32) as HomeId

/**
 * The definitions that a home connects with. Who only reads gets items out of points where no definitions are whole; who takes a
 * machine over needs to know what it protects: `vault.definitions-damaged`.
 */
export async function definitionsToConnect(
  vault: Vault,
  isTaken: boolean,
): Promise<{ readonly definitions: ReadDefinitions | undefined; readonly isRecovered: boolean }> {
  try {
    return { definitions: await vault.readDefinitions(), isRecovered: false }
  } catch (error) {
    if (isTaken || !isAgentError(error, 'vault.definitions-damaged')) throw error
    const items = await itemsByPoints(vault)
    return { definitions: { sequence: 0, definitions: { writer: nobody, items } }, isRecovered: true }
  }
}

/** By the newest readable point of each. */
async function itemsByPoints(vault: Vault): Promise<ItemDefinition[]> {
  const items: ItemDefinition[] = []
  for (const [id, points] of Map.groupBy(await vault.listPoints(), ({ item }) => item)) {
    for (const listed of points.toReversed()) {
      if (listed.confirmationName === undefined) continue
      try {
        const { itemName: name } = (await vault.readPoint(listed)).manifest
        const unknown = {
          folders: [],
          excludes: [],
          defaultExcludes: true,
          crossMounts: false,
          compression: 'lz4',
        } as const
        items.push({ id, name, ...unknown })
        break
      } catch (error) {
        if (!isAgentError(error, 'format.invalid') && !isAgentError(error, 'store.not-found')) throw error
      }
    }
  }
  return items
}
