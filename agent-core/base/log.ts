import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Pino from 'pino'
import type { Clock } from './clock.ts'

/** What goes with a message: plain values; errors are written with their stack and causes. Never secrets. */
export type LogData = Readonly<Record<string, unknown>>

/** Where the agent writes what only a developer wants to know. Never throws. */
export interface Log {
  debug(message: string, data?: LogData): void
  info(message: string, data?: LogData): void
  warn(message: string, data?: LogData): void
  error(message: string, data?: LogData): void
}

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

/** Keeps nothing. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

export interface LogFileOptions {
  readonly path: string
  /** The least level that is written. */
  readonly level: LogLevel
  readonly clock: Clock
  /** True: all that a line needs is loaded at once, and what is wrong with that is thrown. */
  readonly eager?: boolean
}

/**
 * A log that appends JSON lines `{level, time (ISO 8601), pid, msg, …data}` to a file that only its
 * owner reads; its folder must be there. A line is handed to the system before the call returns.
 * Throws Node's error when the file cannot be opened; what fails later (a full disk) is dropped.
 */
export function openLogFile(options: LogFileOptions): Log & Disposable {
  closeSync(openSync(options.path, 'a', 0o600))
  let opened = options.eager === true ? openLog(options) : undefined
  let isClosed = false
  const write = (level: LogLevel) => (message: string, data?: LogData) => {
    if (isClosed || levels.indexOf(level) < levels.indexOf(options.level)) return
    opened ??= openIfPossible(options)
    opened?.write(level, message, data)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    [Symbol.dispose]: () => {
      if (!isClosed) opened?.end()
      isClosed = true
    },
  }
}

interface OpenLog {
  readonly write: (level: LogLevel, message: string, data: LogData | undefined) => void
  readonly end: () => void
}

/** Where it cannot be opened any more, the line is dropped, and the next one tries again. */
function openIfPossible(options: LogFileOptions): OpenLog | undefined {
  try {
    return openLog(options)
  } catch {
    return undefined
  }
}

/** Loads the library with the first line: most commands write none, and it is a tenth of their start. */
function openLog(options: LogFileOptions): OpenLog {
  const { pino } = createRequire(import.meta.url)('pino') as typeof Pino
  const destination = pino.destination({ dest: options.path, sync: true, append: true, mode: 0o600 })
  destination.on('error', nothing)
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date(options.clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return {
    write: (level, message, data) => {
      logger[level](withPlainErrors(data, pino.stdSerializers), message)
    },
    end: () => destination.end(),
  }
}

function withPlainErrors(data: LogData | undefined, { errWithCause }: typeof Pino.stdSerializers): LogData {
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [key, value instanceof Error ? errWithCause(value) : value]),
  )
}

function nothing(): void {}
