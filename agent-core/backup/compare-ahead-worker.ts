/** A thread of compare-ahead.ts: compares the lots that nobody else has begun. */
import { parentPort, workerData } from 'node:worker_threads'
import { asBuffer } from '../base/bytes.ts'
import type { WorkerFlags } from '../base/worker-thread.ts'
import { BaseConnection } from '../cache/base-connection.ts'
import { BasePageReader } from '../cache/base-page-reader.ts'
import { BasePages } from '../cache/base-pages.ts'
import type { CompareAheadStart, FromCompareAhead, ToCompareAhead } from './compare-ahead.ts'
import { TreeComparison } from './compare-tree.ts'
import { sourceRules } from './look-at-folders.ts'
import { claim } from './lot-claim.ts'

if (parentPort === null) throw new Error('comparing ahead runs in a worker thread')
const port = parentPort
const { stop, claimant, basePath, idKey, barriers, ...start } = workerData as CompareAheadStart & WorkerFlags
// The main thread has opened it for writing, and found it whole.
const base = new BaseConnection(basePath, true)
const pages = new BasePageReader(new BasePages(base), idKey)
const comparison = new TreeComparison({
  ...start,
  rules: sourceRules(start, barriers.map(asBuffer)),
  findPage: (id) => pages.find(id),
  checkpoint: () => {
    if (Atomics.load(stop, 0) !== 0) throw new GivenUp()
  },
})

class GivenUp extends Error {}

port.on('message', (message: ToCompareAhead) => {
  try {
    if (message.type === 'stop') throw new GivenUp()
    if (!claim(message.claim, claimant)) return
    const compared = message.subtrees.map((subtree) => comparison.compare(subtree))
    port.postMessage({ lot: message.lot, compared } satisfies FromCompareAhead)
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error
    base.close()
    port.close()
  }
})
