/**
 * Sessions of browsers: a cookie says until when it is valid, sealed (HMAC-SHA-256) with a key of the home folder, so
 * that an open page goes on after the agent has been restarted. A new key (the file deleted) ends all of them.
 */
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../base/atomic-file.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { isSameToken } from './access-token.ts'
import { makeAgentFolder } from './agent-folder.ts'

export interface Sessions {
  readonly lastsSeconds: number
  /** The cookie of a new session. */
  create(): string
  isValid(cookie: string | undefined): boolean
}

const lastsSeconds = 30 * 86_400
const keyBytes = 32

export async function openSessions(options: {
  readonly home: string
  readonly random: Random
  readonly clock: Clock
}): Promise<Sessions> {
  const { home, random, clock } = options
  const key = await openKey(join(makeAgentFolder(home).folder, 'web-key'), random)
  const sealOf = (text: string) => createHmac('sha256', key).update(`tharsis web session ${text}`).digest('base64url')
  return {
    lastsSeconds,
    create: () => {
      const text = `${Math.floor(clock.nowMs() / 1000) + lastsSeconds}.${random.bytes(16).toString('base64url')}`
      return `${text}.${sealOf(text)}`
    },
    isValid: (cookie) => {
      const [, text, until, seal] = /^((\d{1,12})\.[\w-]{22})\.([\w-]{43})$/.exec(cookie ?? '') ?? []
      if (text === undefined || !isSameToken(seal, sealOf(text))) return false
      return Number(until) * 1000 > clock.nowMs()
    },
  }
}

async function openKey(path: string, random: Random): Promise<Buffer> {
  try {
    const key = await readFile(path)
    if (key.length === keyBytes) return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const key = random.bytes(keyBytes)
  await writeFileAtomic(path, key)
  return key
}
