import { v7 } from 'uuid'
import { HubError } from './errors.ts'
import { randomPart } from './random.ts'

/** What each kind of object's public id begins with. */
export const idPrefixes = {
  tenant: 'ten', user: 'usr', invitation: 'ivt', session: 'ses', api_key: 'key', partner: 'par', audit: 'aud', connection: 'con', credential: 'cre',
  operation: 'op', payment: 'pay', attempt: 'att', refund: 'ref', event: 'evt', alert: 'alt', inbound: 'inb',
  customer: 'cus', payment_method: 'pmt', plan: 'pln', subscription: 'sub', cycle: 'cyc', checkout_session: 'chk', payment_link: 'lnk', dispute: 'dsp',
  certificate: 'cer', certificate_use: 'cru', issuer: 'iss', invoice: 'inv', series: 'ser', document: 'doc',
  balance_transaction: 'btx', mail: 'mai', stamp_reading: 'stp', completeness_audit: 'cau', reconciliation: 'rcn', reconciliation_item: 'rci', sale: 'sal', sale_refund: 'srf', global_invoice: 'glo', store_credit: 'stc',
  bank_account: 'ban', bank_transfer: 'btr', bank_statement: 'bst', bank_entry: 'ben',
  support_access: 'sac', notice: 'ntc', notification_channel: 'nch', push_subscription: 'psb', verifactu_chain: 'vfc', verifactu_record: 'vfr', verifactu_event: 'vfe', webhook_endpoint: 'whe', delivery: 'dlv'
} as const
export type IdKind = keyof typeof idPrefixes

let last = { ms: 0, seq: 0 }

/**
 * A UUIDv7: sortable by the moment it was made, which also chooses its month's partition. Within one process and one
 * millisecond the later one is the greater, so that a timeline keeps its order.
 */
export function newUuid (now: Date): string {
  const ms = now.getTime()
  last = ms === last.ms ? { ms, seq: last.seq + 1 } : { ms, seq: randomPart(4).readUInt32BE() & 0x3fffffff }
  return v7({ msecs: ms, seq: last.seq, random: randomPart(16) })
}

/** `pay_` and the 32 hexadecimal digits of the UUID. */
export function publicId (kind: IdKind, uuid: string): string {
  return `${idPrefixes[kind]}_${uuid.replaceAll('-', '')}`
}

/** The UUID in a public id. What is not one of ours names nothing, so it is `not_found`, as another tenant's would be. */
export function uuidOf (kind: IdKind, id: string): string {
  return parseId(kind, id) ?? notFound()
}

export function parseId (kind: IdKind, id: string): string | undefined {
  const match = /^([a-z]+)_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(id)
  return match?.[1] === idPrefixes[kind] ? match.slice(2).join('-') : undefined
}

function notFound (): never {
  throw new HubError('not_found')
}

/** The least UUIDv7 of a moment: bounds a list by time through its primary key. */
export function uuidAt (moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`
}

const kindOfPrefix = new Map(Object.entries(idPrefixes).map(([kind, prefix]) => [prefix as string, kind as IdKind]))

/** Any public id of ours, whatever it names. */
export function parseAnyId (id: string): { kind: IdKind, uuid: string } | undefined {
  const kind = kindOfPrefix.get(id.slice(0, id.indexOf('_')))
  const uuid = kind && parseId(kind, id)
  return uuid === undefined ? undefined : { kind: kind!, uuid }
}
