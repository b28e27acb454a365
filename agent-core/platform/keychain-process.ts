/**
 * The process that talks to the keychain: one request as JSON on standard input, one answer as JSON
 * on standard output. A process of its own, because the keychain's library waits for the session
 * bus inside synchronous calls, for ever when the other side does not answer.
 */
import { text } from 'node:stream/consumers'
import { AsyncEntry } from '@napi-rs/keyring'
import type { KeychainAnswer, KeychainRequest } from './keychain.ts'

async function answer(request: KeychainRequest): Promise<KeychainAnswer> {
  // Without the pin the library falls back to the kernel's keyring, which a restart empties.
  const entry = new AsyncEntry(request.service, request.account, { linux: { store: 'secret-service' } })
  switch (request.operation) {
    case 'get': {
      const bytes = await entry.getSecret()
      return bytes ? { base64: Buffer.from(bytes).toString('base64') } : {}
    }
    case 'set':
      await entry.setSecret(Buffer.from(request.base64, 'base64'))
      return {}
    case 'delete':
      await entry.deleteCredential()
      return {}
    case 'probe': {
      const bytes = Buffer.from(request.base64, 'base64')
      await entry.setSecret(bytes)
      const back = await entry.getSecret()
      await entry.deleteCredential()
      return back && bytes.equals(Buffer.from(back)) ? {} : { failure: 'it does not give back what was put into it' }
    }
  }
}

async function run(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as KeychainRequest
  const result = await answer(request).catch(
    (error: unknown): KeychainAnswer => ({ failure: error instanceof Error ? error.message : String(error) }),
  )
  process.stdout.write(JSON.stringify(result))
}

await run()
