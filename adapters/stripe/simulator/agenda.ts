import { quietly, type Books, type Call, type World } from './world.ts'

/** Something that will happen to an object: by the clock of the world, or by the test clock of its customer. */
export interface Due {
  kind: string
  object: string
  /** Seconds since 1970; null: in a moment. */
  at: number | null
  clock: string | null
}

export type Step = (call: Call, object: string) => void

/** The time that an object of this customer lives in. Source: https://docs.stripe.com/billing/testing/test-clocks, read 2026-11. */
export function timeFor ({ world, books }: Call, customer: string | null): number {
  return clockFor(books, customer)?.now ?? world.now()
}

export function clockFor (books: Books, customer: string | null) {
  const id = customer === null ? undefined : books.customers.get(customer)?.test_clock as string | null | undefined
  return typeof id === 'string' ? books.clocks.get(id) : undefined
}

/** Plans a step, in place of one of the same kind for the same object. */
export function plan ({ world, books }: Call, kind: string, object: string, at: number | null, customer: string | null = null): void {
  const due: Due = { kind, object, at, clock: at === null ? null : clockFor(books, customer)?.id ?? null }
  books.agenda.set(keyOf(kind, object), due)
  watch(world, books, due)
}

export function unplan ({ books }: Call, kind: string, object: string): void {
  books.agenda.delete(keyOf(kind, object))
}

/** When a step is planned for. */
export function planned ({ books }: Call, kind: string, object: string): number | undefined {
  return books.agenda.get(keyOf(kind, object))?.at ?? undefined
}

/** Lets the world's own clock run a step; a test clock is advanced by hand. */
export function watch (world: World, books: Books, due: Due): void {
  if (due.clock !== null) return
  const go = () => runDue(world, books, due)
  if (due.at === null) world.later.add(world.asyncMs, go)
  else world.later.at(due.at, go)
}

/** Does nothing when the plan has been changed meanwhile. */
export function runDue (world: World, books: Books, due: Due): void {
  const key = keyOf(due.kind, due.object)
  if (books.agenda.get(key) !== due) return
  books.agenda.delete(key)
  quietly(world, books, call => world.steps[due.kind]!(call, due.object))
}

function keyOf (kind: string, object: string): string {
  return `${kind}:${object}`
}
