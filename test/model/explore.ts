/**
 * Goes through every interleaving of some actors over one shared state, with a crash of any of them anywhere. A step of an
 * actor is one operation of the store, which is atomic; an actor that crashed does nothing more.
 */

/** What one actor remembers; `pc` is the step that it does next, `done` or `dead` at its end. */
export interface Memory {
  readonly pc: string
}

export interface Actor<Shared, Own extends Memory> {
  readonly name: string
  readonly start: Own
  /** Everything that its next operation may lead to; none: it waits. */
  step(shared: Shared, own: Own, others: readonly Memory[]): readonly (readonly [Shared, Own])[]
}

export interface Exploration {
  /** Different states that were met. */
  readonly states: number
  /** What is wrong with the first bad state, and the steps that lead there. */
  readonly violation?: { readonly reason: string; readonly steps: readonly string[] }
}

interface State<Shared, Own> {
  readonly shared: Shared
  readonly own: readonly Own[]
}

/** Explores breadth first, so that the steps to a violation are few. Ends at the first state that `wrongOf` names. */
export function explore<Shared, Own extends Memory>(
  start: Shared,
  actors: readonly Actor<Shared, Own>[],
  wrongOf: (shared: Shared) => string | undefined,
): Exploration {
  const first: State<Shared, Own> = { shared: start, own: actors.map((actor) => actor.start) }
  const from = new Map<string, readonly [before: string, step: string] | undefined>([[keyOf(first), undefined]])
  let level: (readonly [key: string, State<Shared, Own>])[] = [[keyOf(first), first]]
  while (level.length > 0) {
    const next: typeof level = []
    for (const [before, state] of level) {
      for (const [step, after] of successors(state, actors)) {
        const key = keyOf(after)
        if (from.has(key)) continue
        from.set(key, [before, step])
        const reason = wrongOf(after.shared)
        if (reason !== undefined) return { states: from.size, violation: { reason, steps: stepsTo(key, from) } }
        next.push([key, after])
      }
    }
    level = next
  }
  return { states: from.size }
}

function* successors<Shared, Own extends Memory>(
  state: State<Shared, Own>,
  actors: readonly Actor<Shared, Own>[],
): Generator<readonly [step: string, after: State<Shared, Own>]> {
  for (const [index, actor] of actors.entries()) {
    const own = state.own[index] as Own
    if (own.pc === 'done' || own.pc === 'dead') continue
    for (const [shared, then] of actor.step(state.shared, own, state.own)) {
      yield [`${actor.name}:${own.pc}`, { shared, own: state.own.with(index, then) }]
    }
    const dead = { ...actor.start, pc: 'dead' }
    yield [`${actor.name} crashes before ${own.pc}`, { shared: state.shared, own: state.own.with(index, dead) }]
  }
}

function keyOf(state: unknown): string {
  return JSON.stringify(state)
}

function stepsTo(key: string, from: ReadonlyMap<string, readonly [string, string] | undefined>): string[] {
  const steps: string[] = []
  for (let at = from.get(key); at !== undefined; at = from.get(at[0])) steps.unshift(at[1])
  return steps
}
