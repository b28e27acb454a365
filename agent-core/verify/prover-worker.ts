/** A prover thread: reads local chunk files and says of each whether it is whole. */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerFlags } from '../base/worker-thread.ts'
import { ChunkFileProver } from './chunk-file-prover.ts'
import type { FromProver, ProverStart, ToProver } from './prover-messages.ts'

/** The work was given up; nothing but the end of the thread follows. */
class GivenUp extends Error {}

if (parentPort === null) throw new Error('the prover runs in a worker thread')
const port = parentPort
const { keys, depth, stop } = workerData as ProverStart & WorkerFlags

const prover = new ChunkFileProver(keys, () => {
  if (Atomics.load(stop, 0) !== 0) throw new GivenUp()
})

port.on('message', (message: ToProver) => {
  if (message.type === 'stop') {
    port.close()
    return
  }
  try {
    const isWhole = prover.isWhole(message.path, message.file, depth)
    port.postMessage({ ref: message.ref, isWhole } satisfies FromProver)
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error
    port.close()
  }
})
