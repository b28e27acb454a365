import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import type { AgentDeps } from './agent-deps.ts'
import { checkPin, removePin, requirePin, setPin, showPin } from './pin-guard.ts'

interface Machine {
  readonly deps: AgentDeps
  /** What the person types when asked for the PIN. */
  typed: string | undefined
  asked: number
  uptimeMs: number
  nowMs: number
}

function machineOf(home: TestHome): Machine {
  const machine: Machine = {
    typed: undefined,
    asked: 0,
    uptimeMs: 1_000_000,
    nowMs: 1_800_000_000_000,
    deps: {
      ...home.deps,
      clock: { nowMs: () => machine.nowMs, delay: async () => {} },
      uptime: () => ({ boot: 'a', uptimeMs: machine.uptimeMs }),
      askPin: () => {
        const { typed } = machine
        if (typed === undefined) return undefined
        return async () => {
          machine.asked++
          return typed
        }
      },
    },
  }
  return machine
}

const passes = async (machine: Machine) => {
  machine.uptimeMs += 1
  machine.nowMs += 1
  return await requirePin(machine.deps)
}

test('without a PIN every verb passes; with one it is asked for, and then not for five minutes', async () => {
  using home = new TestHome()
  const machine = machineOf(home)
  await passes(machine)
  expect(await setPin(machine.deps, '4711', undefined)).toEqual({ set: true, unlockedSeconds: 0, waitSeconds: 0 })
  await expect(passes(machine)).rejects.toMatchObject({ code: 'pin.needed', exitCode: 5 })
  machine.typed = '4711'
  await passes(machine)
  await passes(machine)
  expect(machine.asked).toBe(1)
  expect((await showPin(machine.deps)).unlockedSeconds).toBe(300)
  machine.uptimeMs += 5 * 60_000
  // The clock on the wall was set back meanwhile.
  await passes(machine)
  expect(machine.asked).toBe(2)
})

test('a PIN that comes with the call is checked, also while an earlier right one counts', async () => {
  using home = new TestHome()
  const machine = machineOf(home)
  await setPin(machine.deps, '4711', undefined)
  await checkPin(machine.deps, '4711')
  const giving = (pin: string) => ({ ...machine.deps, givenPin: () => async () => pin })
  await expect(requirePin(giving('0000'))).rejects.toMatchObject({ code: 'pin.wrong', data: { wrong: 1 } })
  await requirePin(giving('4711'))
  // Without one, the last right one counts.
  await requirePin(machine.deps)
})

test('the PIN stands nowhere in the home folder, and another home has another hash of it', async () => {
  using home = new TestHome()
  using other = new TestHome()
  await setPin(machineOf(home).deps, 'a phrase to find', undefined)
  await setPin(machineOf(other).deps, 'a phrase to find', undefined)
  const stored = home.deps.state.setting('pin') ?? ''
  expect(stored).toContain('salt')
  expect(stored).not.toContain('phrase')
  expect(stored).not.toBe(other.deps.state.setting('pin'))
})

test('wrong tries are counted before they are judged, and slowed', async () => {
  using home = new TestHome()
  const machine = machineOf(home)
  await setPin(machine.deps, '4711', undefined)
  const tries = await Promise.allSettled(['1', '2', '3', '4', '5'].map((pin) => checkPin(machine.deps, pin)))
  const codes = tries.map((result) =>
    result.status === 'rejected' ? (result.reason as { code: string }).code : 'right',
  )
  expect(codes.toSorted((a, b) => a.localeCompare(b))).toEqual([
    'pin.wait',
    'pin.wait',
    'pin.wrong',
    'pin.wrong',
    'pin.wrong',
  ])
  await expect(checkPin(machine.deps, '4711')).rejects.toMatchObject({ code: 'pin.wait', data: { seconds: 30 } })
  expect(await showPin(machine.deps)).toEqual({ set: true, unlockedSeconds: 0, waitSeconds: 30 })
  machine.nowMs += 86_400_000
  await expect(checkPin(machine.deps, '4711')).rejects.toMatchObject({ code: 'pin.wait' })
  machine.uptimeMs += 30_000
  expect((await checkPin(machine.deps, '4711')).unlockedSeconds).toBe(300)
  machine.uptimeMs += 600_000
  // The count begins anew after a right one.
  await expect(checkPin(machine.deps, '1')).rejects.toMatchObject({ code: 'pin.wrong' })
  await checkPin(machine.deps, '4711')
})

test('another PIN, or none, takes the old one, also while it counts', async () => {
  using home = new TestHome()
  const { deps } = machineOf(home)
  await setPin(deps, '4711', undefined)
  await checkPin(deps, '4711')
  await expect(setPin(deps, '0815', undefined)).rejects.toMatchObject({ code: 'pin.needed' })
  await expect(setPin(deps, '0815', '9999')).rejects.toMatchObject({ code: 'pin.wrong' })
  await setPin(deps, '0815', '4711')
  await expect(checkPin(deps, '4711')).rejects.toMatchObject({ code: 'pin.wrong' })
  await expect(removePin(deps, undefined)).rejects.toMatchObject({ code: 'pin.needed' })
  expect(await removePin(deps, '0815')).toEqual({ set: false, unlockedSeconds: 0, waitSeconds: 0 })
  await expect(checkPin(deps, '0815')).rejects.toMatchObject({ code: 'pin.not-set' })
})

test('a PIN that is too short is refused', async () => {
  using home = new TestHome()
  await expect(setPin(machineOf(home).deps, '12', undefined)).rejects.toMatchObject({ code: 'pin.unfit', exitCode: 2 })
})
