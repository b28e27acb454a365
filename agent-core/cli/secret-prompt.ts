/** Asks on a terminal: for secrets without showing them, and for a yes or no. */
import { AgentError } from '../base/agent-error.ts'
import type { KeyStream } from './command-line-deps.ts'

export interface PromptOptions {
  readonly stdin: KeyStream
  /** Writes to the terminal. */
  readonly write: (text: string) => void
  /** Called for Ctrl-C, which a raw terminal does not turn into a signal. */
  readonly stop: () => void
  readonly signal: AbortSignal
}

const longestLine = 4096

/** A line typed without echo. Rejects with the signal's reason when it is aborted (Ctrl-C too). */
export async function askSecret(question: string, options: PromptOptions): Promise<string> {
  return await askLine(question, false, options)
}

/** True for `y` or `yes`; everything else is no. */
export async function askYes(question: string, options: PromptOptions): Promise<boolean> {
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, true, options)).trim())
}

async function askLine(question: string, echo: boolean, options: PromptOptions): Promise<string> {
  const { stdin, write, signal } = options
  signal.throwIfAborted()
  stdin.setEncoding('utf8')
  stdin.ref?.()
  // Before the question: what is typed ahead of it must not be shown either.
  stdin.setRawMode?.(true)
  write(question)
  try {
    return await new Promise<string>((resolve, reject) => {
      const keys: string[] = []
      const settle = (finish: () => void): void => {
        stdin.removeListener('data', onData)
        stdin.removeListener('end', onEnd)
        signal.removeEventListener('abort', onAbort)
        finish()
      }
      const onAbort = (): void => settle(() => reject(signal.reason as Error))
      const onEnd = (): void => settle(() => reject(new AgentError('usage.interactive-needed', { what: 'answer' })))
      const onData = (chunk: string | Buffer): void => {
        const text = String(chunk)
        const lineEnd = /\r\n?|\n/.exec(text)
        for (const key of lineEnd === null ? text : text.slice(0, lineEnd.index)) {
          if (key === '\u0003') return options.stop()
          if (key === '\u0004') return onEnd()
          pressKey(keys, key, echo ? write : undefined)
        }
        if (lineEnd === null) return
        settle(() => resolve(keys.join('')))
        // What was pasted after this line answers the next question.
        const rest = text.slice(lineEnd.index + lineEnd[0].length)
        if (rest !== '') stdin.unshift(rest)
      }
      stdin.on('data', onData)
      stdin.on('end', onEnd)
      signal.addEventListener('abort', onAbort, { once: true })
      stdin.resume()
    })
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stdin.unref?.()
    write('\n')
  }
}

function pressKey(keys: string[], key: string, write: ((text: string) => void) | undefined): void {
  if (key === '\u007f' || key === '\b') {
    if (keys.pop() !== undefined) write?.('\b \b')
  } else if (key === '\u0015') {
    write?.('\b \b'.repeat(keys.length))
    keys.length = 0
  } else if (key >= ' ' && keys.length < longestLine) {
    keys.push(key)
    write?.(key)
  }
}
