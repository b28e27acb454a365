/**
 * A restore's worker thread: takes files and stretches of large files, and does everything for them, from the bytes of
 * chunk files to the final name. What goes wrong with a file is not told but handed back: the main thread does the
 * file again, with every copy of its blocks, and says what is wrong with it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerFlags } from '../base/worker-thread.ts'
import { FileWriter, GivenUp } from './file-writer.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'

if (parentPort === null) throw new Error('the restore worker runs in a worker thread')
const port = parentPort
const { keys, options, stop } = workerData as WorkerStart & WorkerFlags

const writer = new FileWriter(keys, options, () => {
  if (Atomics.load(stop, 0) !== 0) throw new GivenUp()
})

function answer(message: ToWorker): FromWorker | undefined {
  switch (message.type) {
    case 'chunk-file':
      writer.blocks.add(message.file)
      return undefined
    case 'files':
      writer.blocks.offer(message.fetched)
      return { type: 'files', ref: message.ref, ...writer.restoreFiles(message.batch) }
    case 'stretch':
      writer.blocks.offer(message.fetched)
      return { type: 'stretch', ref: message.ref, isWhole: writer.fillStretch(message.stretch) }
    case 'stop':
      throw new GivenUp()
    default:
      return message satisfies never
  }
}

port.on('message', (message: ToWorker) => {
  try {
    const reply = answer(message)
    if (reply !== undefined) port.postMessage(reply)
  } catch (error) {
    writer.blocks[Symbol.dispose]()
    if (!(error instanceof GivenUp)) throw error
    port.close()
  }
})
