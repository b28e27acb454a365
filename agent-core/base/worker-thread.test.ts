import { expect, test } from 'vitest'
import type { ToEcho } from '../../test/support/echo-worker.ts'
import { WorkerThread } from './worker-thread.ts'

/** A thread, and everything that is heard of it in order. */
function startEcho(onMessage: (text: string) => void = () => undefined) {
  const heard: unknown[] = []
  let listen: () => void = () => undefined
  const hear = (what: unknown): void => {
    heard.push(what)
    listen()
  }
  const thread = new WorkerThread<{ readonly greeting: string }, ToEcho, string>({
    file: new URL('../../test/support/echo-worker.ts', import.meta.url),
    start: { greeting: 'hello' },
    onMessage: (text) => {
      onMessage(text)
      hear(text)
    },
    onFailure: hear,
  })
  const first = new Promise<unknown>((resolve) => {
    listen = () => resolve(heard[0])
  })
  return { thread, first, heard }
}

test('it hears and answers, and ends when it is disposed, whatever it does', async () => {
  const { thread, first, heard } = startEcho()
  thread.send({ type: 'echo', text: 'world' })
  expect(await first).toBe('hello world')
  thread.send({ type: 'work' })
  await thread[Symbol.asyncDispose]()
  expect(heard).toEqual(['hello world'])
})

test('its death is a failure; disposing it then is nothing', async () => {
  const { thread, first } = startEcho()
  thread.send({ type: 'die' })
  expect(await first).toMatchObject({ code: 'engine.worker-died', data: { reason: 'told to die' } })
  await thread[Symbol.asyncDispose]()
})

test('what the listener throws is a failure', async () => {
  const wrong = new Error('the listener failed')
  const { thread, first } = startEcho(() => {
    throw wrong
  })
  await using _ = thread
  thread.send({ type: 'echo', text: 'world' })
  expect(await first).toBe(wrong)
})
