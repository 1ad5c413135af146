import { type ConnectionContext, type Lookup, ProviderError } from '../../core/adapter/index.ts'
import { wireTime } from './asking.ts'
import { get } from './http.ts'
import type { PaypalEvent, ReportRow } from './objects.ts'
import { captureName } from './wire.ts'

/** PayPal finds nothing by our reference. Two lists carry it: the events that it told, and Transaction Search. */

const beforeMs = 60_000
const afterMs = 120_000
const minuteMs = 60_000
const dayMs = 86_400_000
/** "The maximum supported range is 31 days." */
export const rangeMs = 31 * dayMs
const eventPage = 300
const maxPages = 20

/** The events of a time, of one type; none where PayPal keeps none (they are kept for thirty days, of what a webhook subscribed to). */
export async function news (context: ConnectionContext, { from, to }: Pick<Lookup, 'from' | 'to'>, type: string): Promise<PaypalEvent[]> {
  const { events = [] } = await get<{ events?: PaypalEvent[] }>(context, '/v1/notifications/webhooks-events', {
    page_size: eventPage, start_time: wireTime(new Date(from.getTime() - beforeMs)), end_time: wireTime(new Date(to.getTime() + afterMs)), event_type: type
  })
  return events
}

const paying = ['PAYMENT.CAPTURE.COMPLETED', 'PAYMENT.CAPTURE.PENDING', 'PAYMENT.AUTHORIZATION.CREATED']

/** By what it told of payments: their orders, or their captures. */
export async function findInNews (context: ConnectionContext, lookup: Lookup): Promise<string[]> {
  const found: string[] = []
  for (const type of paying) {
    for (const { resource } of await news(context, lookup, type)) {
      if (resource?.custom_id !== lookup.reference) continue
      const order = resource.supplementary_data?.related_ids?.order_id
      if (order !== undefined) found.push(order)
      else if (type.startsWith('PAYMENT.CAPTURE') && resource.id !== undefined) found.push(captureName(resource.id))
    }
    if (found.length > 0) break
  }
  return found
}

/** By the report. An authorization is in it too, under an id of its own that is no capture's: then nothing is read by it. */
export async function findInReport (context: ConnectionContext, lookup: Lookup): Promise<string[]> {
  const rows = await reportOf(context, { from: new Date(lookup.from.getTime() - beforeMs), to: new Date(Math.max(lookup.to.getTime() + afterMs, lookup.from.getTime() + minuteMs)) })
  return rows.filter(({ transaction_info: { custom_field: custom } }) => custom === lookup.reference).map(({ transaction_info: { transaction_id: id } }) => captureName(id))
}

/** Nothing was found: is that sure? Throws `unknown` while the report may be late ("a maximum of three hours": the setting `report_lag_minutes`). */
export function mustBeComplete (context: ConnectionContext, { to }: Pick<Lookup, 'to'>): void {
  const lag = typeof context.settings.report_lag_minutes === 'number' ? context.settings.report_lag_minutes : 180
  if (lag > 0 && context.now().getTime() < to.getTime() + lag * minuteMs) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'PayPal’s report is not complete yet' })
}

export interface ReportPage { transaction_details?: ReportRow[], page?: number, total_pages?: number }

export async function reportPage (context: ConnectionContext, { from, to }: { from: Date, to: Date }, page: number): Promise<ReportPage> {
  return get<ReportPage>(context, '/v1/reporting/transactions', { start_date: wireTime(from), end_date: wireTime(to), fields: 'transaction_info', page_size: 500, page, balance_affecting_records_only: 'N' })
}

async function reportOf (context: ConnectionContext, range: { from: Date, to: Date }): Promise<ReportRow[]> {
  const rows: ReportRow[] = []
  for (let from = range.from.getTime(); from < range.to.getTime(); from += rangeMs) {
    const part = { from: new Date(from), to: new Date(Math.min(from + rangeMs, range.to.getTime())) }
    for (let page = 1; ; page++) {
      if (page > maxPages) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${500 * maxPages} movements to look through` })
      const { transaction_details: details = [], total_pages: pages = 1 } = await reportPage(context, part, page)
      rows.push(...details)
      if (page >= pages) break
    }
  }
  return rows
}
