/** The clockwork: node-cron calls once a minute, and after sleep as soon as it can. What is due, `next-run` alone says. */
import { schedule } from 'node-cron'

/** Starts ticking; disposing it stops. */
export type StartTicks = (tick: () => void) => Disposable

export const minuteTicks: StartTicks = (tick) => {
  const task = schedule('* * * * *', () => tick(), {
    timezone: 'UTC',
    suppressMissedWarning: true,
    // A tick that comes late, on a busy machine or after sleep, is not left out for that.
    missedExecutionTolerance: 60_000,
  })
  return { [Symbol.dispose]: () => void task.destroy() }
}
