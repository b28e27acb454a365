import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isAlive, processIdentity } from './process-identity.ts'

test('this process is alive; one of its pid that started another time is not, nor is one that has ended', async () => {
  const identity = processIdentity()
  expect(isAlive(identity)).toBe(true)
  expect(isAlive(identity.replace(/:\d+/, ':1'))).toBe(false)
  const child = spawn(process.execPath, ['-e', ''])
  const { pid } = child
  await once(child, 'exit')
  expect(isAlive(`${pid}:${identity.split(':')[1]}`)).toBe(false)
  // As a system without /proc names them.
  expect(isAlive(`${process.pid}:unknown`)).toBe(true)
  expect(isAlive(`${pid}:unknown`)).toBe(false)
})
