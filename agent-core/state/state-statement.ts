import type Database from 'better-sqlite3'

/** A prepared statement, of whose errors `translate` makes those that people are told. */
export class StateStatement<Given extends unknown[], Row> {
  readonly #statement: Database.Statement<Given, Row>
  readonly #translate: (error: unknown) => unknown

  constructor(statement: Database.Statement<Given, Row>, translate: (error: unknown) => unknown) {
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
