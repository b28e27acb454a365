/** Several processes put into one directory store at once; asserts what rule 9 of the port promises. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'

const program = path.join(import.meta.dirname, 'store-hammer.ts')
const execute = promisify(execFile)

export async function hammerFolder(folder: string, load: { processes: number; count: number }): Promise<void> {
  const workers = Array.from({ length: load.processes }, (_, index) => `process ${index}`)
  const runs = await Promise.all(
    workers.map((who) => execute(process.execPath, [program, folder, who, String(load.count)])),
  )
  const answers = runs.map((run) => JSON.parse(run.stdout) as Record<string, boolean | 'conflict'>)
  const store = await openDirectoryStore(folder, { clock: systemClock, random: systemRandom })
  for (let number = 0; number < load.count; number++) {
    const own = `own/${number % 7}/${number}`
    const ownAnswers = answers.map((answer) => answer[own])
    expect(ownAnswers.filter((answer) => answer === true)).toHaveLength(1)
    expect(ownAnswers.filter((answer) => answer === 'conflict')).toHaveLength(load.processes - 1)
    const winner = workers[ownAnswers.indexOf(true)]
    expect((await store.get(own)).toString()).toBe(`${winner} put ${number} `.repeat(200))
    const same = answers.map((answer) => answer[`same/${number % 7}/${number}`])
    expect(same.filter((answer) => answer === true)).toHaveLength(1)
    expect(same.filter((answer) => answer === false)).toHaveLength(load.processes - 1)
  }
  expect(await Array.fromAsync(store.list(''))).toHaveLength(2 * load.count)
  await store.close()
}
