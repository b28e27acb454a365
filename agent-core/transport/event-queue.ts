/**
 * Events on their way from who makes them to who reads them. Where the reader is slow, an event replaces the one before
 * it of the same key, so that the queue stays short; events without a key are all kept.
 */
export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #keyOf: (event: Event) => string | undefined
  #events: Event[] = []
  #ended = false
  #news = Promise.withResolvers<void>()

  constructor(keyOf: (event: Event) => string | undefined) {
    this.#keyOf = keyOf
  }

  push(event: Event): void {
    const key = this.#keyOf(event)
    if (key !== undefined) this.#events = this.#events.filter((each) => this.#keyOf(each) !== key)
    this.#events.push(event)
    this.#news.resolve()
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#ended = true
    this.#news.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) {
        yield event
        continue
      }
      if (this.#ended) return
      await this.#news.promise
      this.#news = Promise.withResolvers()
    }
  }
}
