/**
 * A process that puts into a directory store beside others like it: `node store-hammer.ts FOLDER WHO COUNT`.
 * For each number it puts one name whose bytes only it would put, and one whose bytes all would put.
 * Prints one JSON object: the numbers whose own put answered true, false or conflict.
 */

import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'

const [folder = '', who = '', count = '0'] = process.argv.slice(2)
const store = await openDirectoryStore(folder, { clock: systemClock, random: systemRandom })
const answers: Record<string, boolean | 'conflict'> = {}

await Promise.all(
  Array.from({ length: Number(count) }, async (_, number) => {
    const shard = number % 7
    await put(`own/${shard}/${number}`, Buffer.from(`${who} put ${number} `.repeat(200)))
    await put(`same/${shard}/${number}`, Buffer.from(`all put ${number} `.repeat(200)))
  }),
)
await store.close()
process.stdout.write(JSON.stringify(answers))

async function put(name: string, body: Buffer): Promise<void> {
  try {
    answers[name] = await store.put(name, body)
  } catch (error) {
    if (!isAgentError(error, 'store.conflict')) throw error
    answers[name] = 'conflict'
  }
}
