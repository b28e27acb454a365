/** A worker thread for the test of worker-thread.ts: answers, dies, or works until it is stopped, as it is told. */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerFlags } from '../../agent-core/base/worker-thread.ts'

export type ToEcho = { readonly type: 'echo'; readonly text: string } | { readonly type: 'die' | 'work' }

const { greeting, stop } = workerData as WorkerFlags & { readonly greeting: string }

parentPort?.on('message', (message: ToEcho | { readonly type: 'stop' }) => {
  if (message.type === 'stop') parentPort?.close()
  if (message.type === 'die') throw new Error('told to die')
  if (message.type === 'echo') parentPort?.postMessage(`${greeting} ${message.text}`)
  while (message.type === 'work' && Atomics.load(stop, 0) === 0) Atomics.wait(stop, 0, 0, 10)
})
