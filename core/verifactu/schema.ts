import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Id = Type.String({ maxLength: 60 })
const states = ['pending', 'sending', 'unknown', 'accepted', 'accepted_with_errors', 'rejected', 'unsigned', 'kept'] as const

export const SetVerifactu = Type.Object({
  system: oneOf(['verifactu', 'no_verifactu', 'off'], { description: '`verifactu`: each record is submitted to the AEAT. `no_verifactu`: records are signed and kept, with a log of the system’s events. In live mode whoever submits does so until the end of the year: a change takes effect then.' }),
  connection: Type.Optional(Nullable(Type.String({ maxLength: 60, description: 'Through which it submits; the tenant’s oldest to the AEAT when absent.' })))
}, { ...closed, title: 'SetVerifactu' })
export type SetVerifactu = Static<typeof SetVerifactu>

const Obligation = Type.Object({ who: Type.String(), from: Type.String({ format: 'date' }), law: Type.String() })

export const Verifactu = Type.Object({
  object: Type.Literal('verifactu'),
  issuer: Type.String(),
  mode: Mode,
  system: oneOf(['verifactu', 'no_verifactu', 'off']),
  /** Until then it is as it is, and then `next_system`. */
  last_day: Nullable(Type.String({ format: 'date' })),
  next_system: Nullable(oneOf(['no_verifactu', 'off'])),
  connection: Nullable(Type.String()),
  installation: Nullable(Type.String({ description: 'NumeroInstalacion: the chain’s own.' })),
  chain: Type.Object({ length: Type.Integer(), events: Type.Integer(), last_number: Nullable(Type.String()), last_huella: Nullable(Type.String()), last_at: Nullable(Type.String()) }),
  records: Type.Object(Object.fromEntries(states.map(state => [state, Type.Integer()])) as Record<typeof states[number], ReturnType<typeof Type.Integer>>),
  wait_seconds: Type.Integer({ description: 'What the AEAT’s last answer told to wait between two sendings.' }),
  next_send_at: Nullable(Instant),
  outage_since: Nullable(Type.String({ format: 'date-time', description: 'Since when sendings do not go through: what waits goes out marked as an incident.' })),
  obliged_from: Type.String({ format: 'date', description: 'By the law in force; told from the kind of NIF.' }),
  obligations: Type.Array(Obligation),
  announced: Type.Object({ text: Type.String(), law: Type.Boolean() })
}, { title: 'Verifactu' })
export type Verifactu = Static<typeof Verifactu>

export const VerifactuRecord = Type.Object({
  id: Type.String(),
  object: Type.Literal('verifactu_record'),
  mode: Mode,
  issuer: Type.String(),
  invoice: Type.String(),
  kind: oneOf(['alta', 'anulacion']),
  position: Type.Integer({ description: 'In the issuer’s chain, from 1.' }),
  number: Type.String(),
  date: Type.String({ description: 'dd-mm-aaaa, as it stands in the record.' }),
  type: Nullable(Type.String({ description: 'TipoFactura.' })),
  tax: Nullable(Type.String()),
  total: Nullable(Type.String()),
  correction: Nullable(oneOf(['N', 'S', 'X'], { description: 'It corrects the one before (subsanación): RechazoPrevio.' })),
  system: oneOf(['verifactu', 'no_verifactu']),
  status: oneOf(states),
  huella: Type.String(),
  previous_huella: Nullable(Type.String()),
  generated_at: Type.String(),
  incident: Type.Boolean(),
  error_code: Nullable(Type.String({ description: 'The AEAT’s own.' })),
  error_message: Nullable(Type.String()),
  receipt: Nullable(Type.String({ description: 'CSV of the sending.' })),
  sent_at: Nullable(Instant),
  answered_at: Nullable(Instant),
  created_at: Instant
}, { title: 'VerifactuRecord' })
export type VerifactuRecord = Static<typeof VerifactuRecord>

export const ListRecords = Type.Object({ ...listQuery, issuer: Type.Optional(Id), invoice: Type.Optional(Id), status: Type.Optional(oneOf(states)) }, closed)
export type ListRecords = Static<typeof ListRecords>
export const RecordPage = pageOf(VerifactuRecord)

/** What a correction says otherwise. What is part of the huella (number, day, kind, amounts) is no correction: that is a rectificativa, or an annulment and another invoice. */
export const CorrectRecord = Type.Object({
  customer: Type.Optional(Type.Object({ name: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })), tax_id: Type.Optional(Type.String({ minLength: 1, maxLength: 20, description: 'A NIF, or the number of `other`.' })), other: Type.Optional(Type.Object({ country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })), type: oneOf(['02', '03', '04', '05', '06', '07'], { description: 'IDType: 07 for whom the census does not know.' }) }, closed)) }, closed)),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  regime: Type.Optional(Type.String({ pattern: '^\\d{2}$' })),
  exemption: Type.Optional(Type.String({ pattern: '^E[1-8]$' })),
  reason: Type.String({ minLength: 3, maxLength: 500, description: 'Why, for the audit log.' })
}, { ...closed, title: 'CorrectRecord' })
export type CorrectRecord = Static<typeof CorrectRecord>

export const AnnulRecord = Type.Object({ reason: Type.String({ minLength: 3, maxLength: 500, description: 'Why the invoice should never have been, for the audit log.' }) }, { ...closed, title: 'AnnulRecord' })
export type AnnulRecord = Static<typeof AnnulRecord>

export const VerifactuCheck = Type.Object({
  object: Type.Literal('verifactu_check'),
  issuer: Type.String(),
  mode: Mode,
  ok: Type.Boolean(),
  records: Type.Integer(),
  events: Type.Integer(),
  anomalies: Type.Array(Type.Object({ of: oneOf(['record', 'event']), position: Type.Integer(), code: Type.String({ description: 'TipoAnomalia.' }), note: Type.String() }), { description: 'The first hundred.' })
}, { title: 'VerifactuCheck' })
export type VerifactuCheck = Static<typeof VerifactuCheck>

export const VerifactuEvent = Type.Object({
  id: Type.String(),
  object: Type.Literal('verifactu_event'),
  mode: Mode,
  position: Type.Integer(),
  type: Type.String({ description: 'TipoEvento: 01 begins, 02 ends, 03–06 looks and anomalies, 07 restored, 08–09 exports, 10 summary, 90 others.' }),
  huella: Type.String(),
  generated_at: Type.String(),
  signed: Type.Boolean(),
  created_at: Instant
}, { title: 'VerifactuEvent' })
export type VerifactuEvent = Static<typeof VerifactuEvent>

export const NewEvent = Type.Object({
  type: oneOf(['restored', 'other'], { description: '`restored`: a backup was restored (07); `other`: whatever else the producer wants on record (90).' }),
  note: Type.String({ minLength: 3, maxLength: 100 })
}, { ...closed, title: 'NewVerifactuEvent' })
export type NewEvent = Static<typeof NewEvent>

export const ListEvents = Type.Object({ ...listQuery, issuer: Type.Optional(Id) }, closed)
export type ListEvents = Static<typeof ListEvents>
export const EventPage = pageOf(VerifactuEvent)

export const ExportRecords = Type.Object({
  from: Instant,
  to: Instant,
  what: Type.Optional(oneOf(['records', 'events'], { default: 'records' }))
}, { ...closed, title: 'ExportRecords' })
export type ExportRecords = Static<typeof ExportRecords>
