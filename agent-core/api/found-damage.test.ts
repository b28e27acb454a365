import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { VerifyOptions } from '../contract/documents/vault.ts'
import { JobBook } from '../jobs/job-book.ts'
import { outcomeOf, outcomeOfError } from '../jobs/job-outcome.ts'
import { FoundDamage } from './found-damage.ts'

test('a vault is damaged from the verification that finds it to the one that finds it no more', () => {
  using home = new TestHome()
  const table = home.deps.state.jobs
  const book = new JobBook({ table, clock: systemClock, random: systemRandom, owner: 'this' })
  const found = new FoundDamage(table)
  const verify = (outcome: ReturnType<typeof outcomeOf>, options: VerifyOptions = {}, vault = 'usb') => {
    const request = JSON.stringify({ verb: 'verifyVault', given: [vault, options] })
    const { id } = book.add({ kind: 'verify', vault, trigger: 'schedule', request }, true)
    book.finish(id, outcome)
    return id
  }
  const damaged = (...states: readonly ('open' | 'healed')[]) =>
    outcomeOf({ damaged: states.map((state) => ({ object: 'chunks/aa.tcf', reason: 'rot', state })) })
  const sound = outcomeOf({ damaged: [] })
  const vaults = () => found.of(['usb', 'nas']).map(({ vault, objects }) => [vault, objects])

  verify(sound)
  expect(vaults()).toEqual([])
  const job = verify(damaged('open', 'open', 'healed'))
  expect(found.of(['usb'])).toMatchObject([{ vault: 'usb', objects: 2, job }])
  expect(found.of(['nas'])).toEqual([])
  // None of these looks at what was found.
  verify(sound, { level: 'listing' })
  verify(sound, { keyspace: 'desk' })
  verify(outcomeOfError(new Error('away'), false))
  verify(sound, {}, 'nas')
  expect(vaults()).toEqual([['usb', 2]])
  expect(new FoundDamage(table).of(['usb'])).toHaveLength(1)
  verify(damaged('healed', 'healed'), { heal: true })
  expect(vaults()).toEqual([])
})
