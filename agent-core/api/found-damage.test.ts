import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { VerifyOptions } from '../contract/documents/vault.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import { JobBook } from '../jobs/job-book.ts'
import { outcomeOf, outcomeOfError } from '../jobs/job-outcome.ts'
import { FoundDamage } from './found-damage.ts'

test('a vault is damaged from the verification that finds it to the one that finds it no more', () => {
  using home = new TestHome()
  const table = home.deps.state.jobs
  const book = new JobBook({ table, clock: systemClock, random: systemRandom, owner: 'this', isAlive: () => true })
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

test('what was found in a vault that is forgotten is not told of another one that gets its name', () => {
  using home = new TestHome()
  const { state } = home.deps
  const book = new JobBook({
    table: state.jobs,
    clock: systemClock,
    random: systemRandom,
    owner: 'this',
    isAlive: () => true,
  })
  const found = new FoundDamage(state.jobs)
  const known = { name: 'usb', kind: 'local', machine: 'm', access: 'owner' } as const
  const add = (id: string) =>
    state.addVault(
      { ...known, id: id.repeat(32) as VaultId, keyspace: id.repeat(32) as KeyspaceId, address: `/${id}` },
      [],
    )
  const verify = () => {
    const request = JSON.stringify({ verb: 'verifyVault', given: ['usb', {}] })
    const { id } = book.add({ kind: 'verify', vault: 'usb', trigger: 'schedule', request }, true)
    book.finish(id, outcomeOf({ damaged: [{ object: 'chunks/aa.tcf', reason: 'rot', state: 'open' }] }))
  }
  add('1')
  verify()
  expect(found.of(['usb'])).toHaveLength(1)
  state.removeVault('usb')
  add('2')
  expect(found.of(['usb'])).toEqual([])
  expect(new FoundDamage(state.jobs).of(['usb'])).toEqual([])
  verify()
  expect(found.of(['usb'])).toHaveLength(1)
})
