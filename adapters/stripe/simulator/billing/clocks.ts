import { runDue } from '../agenda.ts'
import { removeCustomer } from '../customers.ts'
import { invalid, onlyInTestMode } from '../errors.ts'
import { emit } from '../events.ts'
import type { ClockRecord } from '../objects.ts'
import { expand, integer, needed, object, paging, text } from '../params.ts'
import { route } from '../routing.ts'
import { page, wanted } from '../shelf.ts'
import type { Books, Call, World } from '../world.ts'
import { plus } from './periods.ts'

/** Time that stands still until it is moved. Source: https://docs.stripe.com/billing/testing/test-clocks/api-advanced-usage, read 2026-11. */
const keptSeconds = 30 * 86_400
const longestSeconds = 2 * 366 * 86_400

export const clockRoutes = [
  route('POST', '/v1/test_helpers/test_clocks', object({ expand, frozen_time: needed(integer), name: text({ max: 300 }) }), (call, params) => {
    const { world, books } = call
    if (books.livemode) throw onlyInTestMode()
    const record = newClock(world, books, params.frozen_time, params.name)
    emit(call, 'test_helpers.test_clock.created', { ...record.wire })
    return { ...record.wire }
  }),
  route('GET', '/v1/test_helpers/test_clocks', object(paging), ({ books }, params) => page(books.clocks, params, '/v1/test_helpers/test_clocks', 'test_clock', each => each.wire)),
  route('GET', '/v1/test_helpers/test_clocks/:id', object({ expand }), (call, _, { id }) => find(call, id!).wire),
  route('POST', '/v1/test_helpers/test_clocks/:id/advance', object({ expand, frozen_time: needed(integer) }), (call, params, { id }) => {
    const clock = find(call, id!)
    checkTarget(call, clock, params.frozen_time)
    clock.wire.status = 'advancing'
    clock.wire.status_details = { advancing: { target_frozen_time: params.frozen_time } }
    emit(call, 'test_helpers.test_clock.advancing', { ...clock.wire })
    call.afterwards.push(() => advance(call, clock, params.frozen_time))
    return { ...clock.wire }
  }),
  route('DELETE', '/v1/test_helpers/test_clocks/:id', object({}), (call, _, { id }) => {
    const clock = find(call, id!)
    for (const customer of call.books.customers.items.filter(each => each.test_clock === id)) removeCustomer(call, customer)
    call.books.clocks.remove(clock.id)
    emit(call, 'test_helpers.test_clock.deleted', { ...clock.wire })
    return { id, object: 'test_helpers.test_clock', deleted: true }
  })
]

export function newClock (world: World, books: Books, now: number, name: string | null = null): ClockRecord {
  const id = world.id('clock_1')
  const created = world.now()
  const record: ClockRecord = {
    id,
    created,
    now,
    wire: { id, object: 'test_helpers.test_clock', created, deletes_after: created + keptSeconds, frozen_time: now, livemode: false, name, status: 'ready', status_details: {} }
  }
  books.clocks.add(record)
  return record
}

/** Lets everything happen that is due until then, each at its time. */
export function advance (call: Call, clock: ClockRecord, to: number): void {
  const { world, books } = call
  for (let due = next(call, clock, to); due !== undefined; due = next(call, clock, to)) {
    clock.now = Math.max(clock.now, due.at!)
    runDue(world, books, due)
  }
  clock.now = to
  Object.assign(clock.wire, { frozen_time: to, status: 'ready', status_details: {} })
  emit(call, 'test_helpers.test_clock.ready', { ...clock.wire })
}

function next ({ books }: Call, clock: ClockRecord, to: number) {
  return [...books.agenda.values()].filter(due => due.clock === clock.id && due.at !== null && due.at <= to).sort((a, b) => a.at! - b.at!)[0]
}

function checkTarget ({ books }: Call, clock: ClockRecord, to: number): void {
  if (clock.wire.status === 'advancing') throw invalid('A test clock that is advancing cannot be advanced again.', { code: 'test_clock_advancement_underway' })
  if (to <= clock.now) throw invalid('The `frozen_time` must be after the current frozen time of the test clock.', { param: 'frozen_time' })
  const periods = books.subscriptions.items.filter(({ wire }) => wire.test_clock === clock.id && wire.status !== 'canceled').map(({ wire }) => wire.items.data[0]!.price.recurring!)
  const most = periods.length === 0 ? clock.now + longestSeconds : Math.min(...periods.map(every => plus(clock.now, every, 2)))
  if (to > most) throw invalid('Cannot advance the test clock by more than two intervals of its shortest subscription at once.', { param: 'frozen_time' })
}

function find ({ books }: Call, id: string): ClockRecord {
  return wanted(books.clocks, id, 'test_clock', 'test_clock')
}
