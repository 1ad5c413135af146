import type { Route } from './routes.ts'
import { type Account, bad, cents, type Json, notFound } from './world.ts'

/** The settlement report: asked for, made, fetched. Written from the OpenAPI document of 2026-06 and the documentation's example of the file. */
export const reports: Route[] = [
  {
    method: 'POST', path: '/v1/account/settlement_report', status: 202, run: ({ world, account, body }) => {
      const [from, to] = [Date.parse(body.begin_date), Date.parse(body.end_date)]
      if (!(from < to)) throw bad('Invalid date range')
      const now = world.now().toISOString()
      const id = `task_${world.hex(8)}`
      const report = { id, begin_date: body.begin_date, end_date: body.end_date, created_at: now, updated_at: now, file_name: `settlement-report-${account.id}-${body.begin_date.slice(0, 10)}-${id}.csv`, doneAt: world.now().getTime() + world.reportMs }
      account.reports = [...account.reports ?? [], report]
      world.changed()
      return task(report, world.now())
    }
  },
  {
    method: 'GET', path: '/v1/account/settlement_report/list', run: ({ world, account }) => {
      const made = (account.reports ?? []).filter(({ doneAt }) => doneAt <= world.now().getTime())
      return { paging: { total: made.length, limit: 30, offset: 0 }, results: made.map(({ id, begin_date, end_date, created_at, updated_at, file_name }) => ({ id, status: 'available', date_created: created_at, date_last_updated: updated_at, begin_date, end_date, file_name })) }
    }
  },
  { method: 'GET', path: '/v1/account/settlement_report/task/{task_id}', run: ({ world, account, id }) => task(reportOf(account, 'id', id), world.now()) },
  {
    method: 'GET', path: '/v1/account/settlement_report/{file_name}', text: 'text/csv', run: ({ world, account, id }) => {
      const report = reportOf(account, 'file_name', id)
      if (report.doneAt > world.now().getTime()) throw notFound('Report')
      return { text: csvOf(account, Date.parse(report.begin_date), Date.parse(report.end_date)) }
    }
  }
]

function reportOf (account: Account, name: 'id' | 'file_name', value: string): Json {
  const found = (account.reports ?? []).find(report => report[name] === value)
  if (found === undefined) throw notFound('Report')
  return found
}

function task ({ id, begin_date, end_date, created_at, updated_at, doneAt, file_name: file }: Json, now: Date): Json {
  const done = doneAt <= now.getTime()
  return { id, status: done ? 'done' : 'pending', begin_date, end_date, created_at, updated_at, download_url: done ? `https://api.mercadopago.com/v1/account/settlement_report/${String(file)}` : null }
}

const columns = ['EXTERNAL_REFERENCE', 'SOURCE_ID', 'USER_ID', 'PAYMENT_METHOD_TYPE', 'TRANSACTION_TYPE', 'TRANSACTION_AMOUNT', 'TRANSACTION_CURRENCY', 'TRANSACTION_DATE', 'FEE_AMOUNT', 'SETTLEMENT_NET_AMOUNT', 'SETTLEMENT_CURRENCY', 'MONEY_RELEASE_DATE', 'METADATA']

function csvOf (account: Account, from: number, to: number): string {
  const rows: Json[] = []
  const add = (payment: Json, type: string, gross: number, fee: number, date: string) => {
    if (Date.parse(date) < from || Date.parse(date) > to) return
    rows.push({ EXTERNAL_REFERENCE: payment.external_reference ?? '', SOURCE_ID: payment.id, USER_ID: account.id, PAYMENT_METHOD_TYPE: payment.payment_type_id ?? '', TRANSACTION_TYPE: type, TRANSACTION_AMOUNT: gross.toFixed(2), TRANSACTION_CURRENCY: payment.currency_id, TRANSACTION_DATE: date, FEE_AMOUNT: (-fee).toFixed(2), SETTLEMENT_NET_AMOUNT: cents(gross - fee).toFixed(2), SETTLEMENT_CURRENCY: payment.currency_id, MONEY_RELEASE_DATE: payment.money_release_date ?? '', METADATA: JSON.stringify([payment.metadata ?? {}]) })
  }
  for (const payment of account.payments) {
    if (payment.date_approved !== null) add(payment, 'SETTLEMENT', payment.transaction_amount, payment.fee_details.reduce((sum: number, { amount }: Json) => sum + amount, 0), payment.date_approved)
    for (const refund of payment.refunds) if (refund.status === 'approved') add(payment, 'REFUND', -refund.amount, 0, refund.date_created)
    if (payment.status === 'charged_back') add(payment, 'CHARGEBACK', -payment.transaction_amount, 0, payment.date_last_updated)
  }
  for (const withdrawal of account.withdrawals ?? []) add(withdrawal, 'WITHDRAWAL', -withdrawal.amount, 0, withdrawal.date)
  const cell = (value: unknown): string => /[;"\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value)
  return [columns, ...rows.map(row => columns.map(name => cell(row[name])))].map(cells => cells.join(';')).join('\n')
}
