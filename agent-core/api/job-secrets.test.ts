import { expect, test } from 'vitest'
import { TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { JobBook } from '../jobs/job-book.ts'
import { JobQueue } from '../jobs/job-queue.ts'
import type { AgentDeps } from './agent-deps.ts'
import { obtainJobSecrets } from './job-secrets.ts'
import { asJobs, submitVerb } from './job-verbs.ts'
import { checkPin, setPin } from './pin-guard.ts'
import { pinValidityMs } from './pin-rules.ts'
import { pruneVault } from './prune-verbs.ts'
import { createNewVault } from './vault-verbs.ts'

const options = { graceDays: 0 }

/** A vault that a PIN guards, and a queue whose first job waits until `go` is called. */
async function guardedVault(home: TestHome, folder: TestFolder) {
  let uptimeMs = 1_000_000
  const deps: AgentDeps = { ...home.deps, uptime: () => ({ boot: 'a', uptimeMs }) }
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await setPin(deps, '4711', undefined)
  const { clock, random, state } = deps
  const queue = new JobQueue(new JobBook({ table: state.jobs, clock, random, owner: 'me', isAlive: () => true }), clock)
  const before = Promise.withResolvers<void>()
  queue
    .run({ kind: 'move-cache', trigger: 'person', writes: true }, {}, async () => await before.promise)
    .catch(() => undefined)
  const methods = { pruneVault: pruneVault.bind(undefined, deps) }
  return {
    deps,
    queue,
    methods,
    jobs: asJobs(methods, queue, (verb, given) => obtainJobSecrets(deps, verb, given)),
    go: (afterMs: number) => {
      uptimeMs += afterMs
      before.resolve()
    },
  }
}

test('a clean-up for which the PIN was right when it was accepted waits for its turn as long as it must', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps, jobs, go } = await guardedVault(home, folder)
  await expect(jobs.pruneVault('v', options, {})).rejects.toMatchObject({ code: 'pin.needed' })
  await checkPin(deps, '4711')
  const pruned = jobs.pruneVault('v', options, {})
  await expect.poll(() => deps.state.jobs.list({ kind: 'prune', limit: 9 })).toHaveLength(1)
  go(pinValidityMs + 60_000)
  expect(await pruned).toMatchObject({ vault: 'v' })
  expect(deps.state.jobs.list({ kind: 'prune', limit: 9 })).toMatchObject([{ state: 'completed' }])
})

test('one that nobody has accepted with a PIN asks for it when its turn comes', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps, queue, methods, go } = await guardedVault(home, folder)
  await checkPin(deps, '4711')
  const { done } = submitVerb(methods, queue, { verb: 'pruneVault', given: ['v', options], trigger: 'schedule' })
  go(pinValidityMs + 60_000)
  await expect(done).rejects.toMatchObject({ code: 'pin.needed' })
})
