import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'
import { dateOf, dayMs, hourMs, numberOf, unreadable } from './asking.ts'
import { call } from './http.ts'
import type { Row } from './objects.ts'

/**
 * Kushki tells of a transaction only in its list by dates (`GET /analytics/v1/transactions-list`; a reader by ticket is not documented for
 * certain). Source: facts sections 6.2 and 14, read 2026-11-21.
 */

const pagesAtMost = 200

export interface Window { from: Date, to: Date }

/** Of which zone the list's dates are is not written: so many hours more are asked on each side, and the rest is left out here. */
export function widened ({ settings }: ConnectionContext, { from, to }: Window): Window {
  const margin = numberOf(settings, 'list_margin_h', 13) * hourMs
  return { from: new Date(from.getTime() - margin), to: new Date(to.getTime() + margin) }
}

export const limitOf = ({ settings }: ConnectionContext): number => numberOf(settings, 'list_limit', 100)

/** One page of what is in the list between the two, as it stands there. */
export async function pageOf (context: ConnectionContext, { from, to }: Window, offset: number, limit = limitOf(context)): Promise<Row[]> {
  const answer = await call<Row[] | { data?: unknown }>(context, { method: 'GET', path: '/analytics/v1/transactions-list', query: { from: clockTime(from), to: clockTime(to), limit, offset }, key: 'private' })
  const rows = Array.isArray(answer) ? answer : answer.data
  if (!Array.isArray(rows)) throw unreadable()
  return rows as Row[]
}

/** `2022-09-01T13:39:00.836`, without a zone: UTC. */
const clockTime = (at: Date): string => at.toISOString().slice(0, -1)

/** All between the two, each once: a list that grows while it is read shows some twice. */
export async function rowsBetween (context: ConnectionContext, window: Window): Promise<Row[]> {
  const limit = limitOf(context)
  const asked = widened(context, window)
  const found = new Map<string, Row>()
  for (let page = 0; page < pagesAtMost; page++) {
    const rows = await pageOf(context, asked, page * limit, limit)
    for (const row of rows) found.set(nameOf(row), row)
    if (rows.length < limit) return [...found.values()]
  }
  // What is beyond was not read: nobody may say that something is not there.
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'the list of transactions is too long to be read' })
}

/** Also a declined one without a ticket. */
const nameOf = (row: Row): string => row.ticket_number || row.transaction_reference || JSON.stringify(row)

/** Reads of one call: what was listed once is not listed again. */
export interface Reader {
  /** The row of a ticket. Throws `not_found`. */
  ticket: (ticket: string) => Promise<Row>
  /** What came of it: captures, voids, refunds. Those of its own day; of a hold, as long as a hold may live. */
  about: (row: Row) => Promise<Row[]>
}

export function readerOf (context: ConnectionContext): Reader {
  const { settings, now } = context
  const listed = new Map<string, Promise<Row[]>>()
  const between = async (window: Window): Promise<Row[]> => {
    const name = `${window.from.getTime()} ${window.to.getTime()}`
    const known = listed.get(name) ?? rowsBetween(context, window)
    listed.set(name, known)
    return await known
  }
  const dayOf = (at: Date): Window => {
    const start = Math.floor(at.getTime() / dayMs) * dayMs
    return { from: new Date(start), to: new Date(start + dayMs) }
  }
  return {
    ticket: async ticket => {
      const today = now()
      const back = { from: new Date(today.getTime() - numberOf(settings, 'lookback_days', 35) * dayMs), to: today }
      for (const window of [...momentsIn(ticket, today).map(dayOf), back]) {
        const row = (await between(window)).find(({ ticket_number: number }) => number === ticket)
        if (row !== undefined) return row
      }
      throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'ticket' })
    },
    about: async row => {
      const at = dateOf(row.created)
      if (at === undefined) return []
      const held = row.transaction_type === 'PREAUTHORIZATION' && row.transaction_status === 'APPROVAL'
      const end = new Date(Math.min(now().getTime(), at.getTime() + numberOf(settings, 'hold_days', 35) * dayMs))
      const rows = await between(held && end > dayOf(at).to ? { from: dayOf(at).from, to: end } : dayOf(at))
      return rows.filter(({ sale_ticket_number: sale, ticket_number: own }) => sale === row.ticket_number && own !== row.ticket_number)
    }
  }
}

/** From 2016 on. */
const firstTime = Date.UTC(2016)

/** The moments that may be in a ticket: thirteen digits of milliseconds, at its beginning or after two others. Only a hint where to look first. */
export function momentsIn (ticket: string, now: Date): Date[] {
  if (!/^\d{13,20}$/.test(ticket)) return []
  return [0, 2].map(at => Number(ticket.slice(at, at + 13))).filter(time => String(time).length === 13 && time >= firstTime && time <= now.getTime() + dayMs).map(time => new Date(time)).sort((a, b) => b.getTime() - a.getTime())
}
