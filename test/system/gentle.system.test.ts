/** Threads that work gently, as the kernel sees them. */
import { execFileSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

/** Runs in a thread: works gently, then tells its thread number and waits to be ended. */
const source = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.module).then(({ workGently }) => {
    workGently()
    const thread = require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1)
    parentPort.postMessage(thread)
    parentPort.once('message', () => process.exit(0))
  })`

test('a gentle thread gives way, and the others of its process do not', async () => {
  const module = new URL('../../agent-core/platform/work-gently.ts', import.meta.url).href
  const worker = new Worker(source, { eval: true, workerData: { module } })
  const thread = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const nice = (id: string) =>
    execFileSync('ps', ['-L', '-o', 'lwp=,ni=', '-p', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([lwp]) => lwp === id)?.[1]
  expect(nice(thread)).toBe('19')
  expect(nice(String(process.pid))).toBe('0')
  expect(execFileSync('ionice', ['-p', thread], { encoding: 'utf8' }).trim()).toBe('idle')
  expect(execFileSync('ionice', ['-p', String(process.pid)], { encoding: 'utf8' })).not.toContain('idle')
  worker.postMessage('end')
})
