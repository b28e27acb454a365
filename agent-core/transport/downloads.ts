/**
 * Bytes for a client, which never go the way of the verbs: a verb offers them and answers with an id, and
 * `GET /download/<id>` sends them, once.
 */
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { createToken } from './access-token.ts'

export interface Download {
  /** What the file shall be called. */
  readonly name: string
  readonly open: () => Readable
}

const validMs = 5 * 60_000
const mostOffers = 1000

export class Downloads {
  readonly #clock: Clock
  readonly #random: Random
  readonly #offers = new Map<string, Download & { readonly untilMs: number }>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Offers a download for five minutes; returns its id. */
  offer(download: Download): string {
    const nowMs = this.#clock.nowMs()
    for (const [id, { untilMs }] of this.#offers) {
      if (untilMs < nowMs || this.#offers.size >= mostOffers) this.#offers.delete(id)
    }
    const id = createToken(this.#random)
    this.#offers.set(id, { ...download, untilMs: nowMs + validMs })
    return id
  }

  /** Sends what was offered under that id; the id is used up before the first byte. */
  async send(id: string, response: ServerResponse): Promise<void> {
    const offer = this.#offers.get(id)
    this.#offers.delete(id)
    if (offer === undefined || offer.untilMs < this.#clock.nowMs()) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('This download is over.\n')
      return
    }
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(offer.name).replaceAll("'", '%27')}`,
    })
    await pipeline(offer.open(), response)
  }
}
