import { describeObjectStoreContract } from '../../test/contracts/object-store.contract.ts'
import { systemClock } from '../base/clock.ts'
import { createMemoryStore } from './memory-store.ts'

describeObjectStoreContract('in memory', async () => {
  const store = createMemoryStore({ clock: systemClock })
  return {
    store,
    openAnother: async () => store,
    takeAway: async () => store.setAbsent(true),
    dispose: () => store.close(),
  }
})
