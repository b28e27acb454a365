/** What this file needs of a statement: one file of this folder knows better-sqlite3. */
interface Prepared<Given extends unknown[], Row> {
  all(...given: Given): Row[]
  get(...given: Given): Row | undefined
  run(...given: Given): unknown
}

/** A prepared statement, of whose errors `translate` makes those that people are told. */
export class StateStatement<Given extends unknown[], Row> {
  readonly #statement: Prepared<Given, Row>
  readonly #translate: (error: unknown) => unknown

  constructor(statement: Prepared<Given, Row>, translate: (error: unknown) => unknown) {
    this.#statement = statement
    this.#translate = translate
  }

  all(...given: Given): Row[] {
    try {
      return this.#statement.all(...given)
    } catch (error) {
      throw this.#translate(error)
    }
  }

  get(...given: Given): Row | undefined {
    try {
      return this.#statement.get(...given)
    } catch (error) {
      throw this.#translate(error)
    }
  }

  run(...given: Given): void {
    try {
      this.#statement.run(...given)
    } catch (error) {
      throw this.#translate(error)
    }
  }
}
