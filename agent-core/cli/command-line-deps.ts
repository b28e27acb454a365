import type { OpenAgent } from '../api/agent-api.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import type { TextStream } from './output.ts'

/** A terminal's keyboard, or whatever standard input is. */
export type KeyStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean
  setRawMode?(mode: boolean): unknown
  ref?(): unknown
  unref?(): unknown
}

/** How the process is made the agent of a home folder; resolves when that has ended. */
export type RunAgent = (options: {
  readonly home: string
  readonly s3Keys?: S3Keys
  /** Serve browsers of this machine too; `port` left out: the usual one. */
  readonly web?: { readonly port?: number }
  readonly signal: AbortSignal
  readonly say: (words: string) => void
}) => Promise<void>

/** What the command line knows of the process it runs in. */
export interface CommandLineDeps {
  readonly runAgent: RunAgent
  /** Called only by verbs that need the agent; opens it in this process. */
  readonly openAgent: OpenAgent
  readonly stdin: KeyStream
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** Secrets are taken out of it before anything else runs. */
  readonly env: NodeJS.ProcessEnv
  /** Relative folders of the arguments begin here. */
  readonly cwd: string
  readonly platform: NodeJS.Platform
  readonly userHome: string
  readonly clock: Clock
  readonly random: Random
  readonly version: string
  /** Calls `stop` for each wish to stop (SIGINT, SIGTERM) until disposed. */
  readonly onStop: (stop: () => void) => Disposable
  /** Calls `wake` for each wish that waiting shall end (SIGUSR2) until disposed. */
  readonly onWake: (wake: () => void) => Disposable
  /** Ends the process at once: the second wish to stop. */
  readonly exitNow: (exitStatus: number) => void
}
