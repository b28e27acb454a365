/** The clockwork: node-cron calls once a minute, and after sleep as soon as it can. What is due, `next-run` alone says. */
import { schedule } from 'node-cron'

/** Starts ticking; disposing it stops. */
export type StartTicks = (tick: () => void) => Disposable

export const minuteTicks: StartTicks = (tick) => {
  const task = schedule('* * * * *', () => tick(), { suppressMissedWarning: true, timezone: 'UTC' })
  return { [Symbol.dispose]: () => void task.destroy() }
}
