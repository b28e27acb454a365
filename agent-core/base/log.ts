import { pino, stdSerializers } from 'pino'
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
}

/**
 * A log that appends JSON lines `{level, time (ISO 8601), pid, msg, …data}` to a file that only its
 * owner reads; its folder must be there. A line is handed to the system before the call returns.
 * Throws Node's error when the file cannot be opened; what fails later (a full disk) is dropped.
 */
export function openLogFile(options: LogFileOptions): Log & Disposable {
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
  const write = (level: LogLevel) => (message: string, data?: LogData) => logger[level](withPlainErrors(data), message)
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    [Symbol.dispose]: () => destination.end(),
  }
}

function withPlainErrors(data: LogData = {}): LogData {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value instanceof Error ? stdSerializers.errWithCause(value) : value,
    ]),
  )
}

function nothing(): void {}
