import type { DateOrder } from './dates.ts'

/** Columns by what they hold; the first name of a list that a file has is taken. */
export interface Columns {
  date: readonly string[]
  time?: readonly string[]
  /** Either money that came and money that went in columns of their own … */
  credit?: readonly string[]
  debit?: readonly string[]
  /** … or one amount, with its sign or with a mark in a column beside it. */
  amount?: readonly string[]
  mark?: readonly string[]
  reference?: readonly string[]
  tracking_key?: readonly string[]
  /** All of them that there are, one after the other. */
  description?: readonly string[]
  payer?: readonly string[]
  balance?: readonly string[]
  currency?: readonly string[]
  account?: readonly string[]
}

export interface Layout {
  id: string
  date_order: DateOrder
  decimal: '.' | ','
  columns: Columns
  /** In `mark`: the money came. */
  credit_marks?: readonly string[]
  /** Where a text tells the reference, or the tracking key; the first group. */
  reference_in_text?: readonly RegExp[]
}

/** Of every bank: how texts of SPEI introduce the two. */
const spoken = /\bREF(?:ERENCIA)?\.?(?:\s+N[UÚ]M[EÉ]RICA)?\s*[:.]\s*(\d{1,10})\b/i
export const trackingInText = /\b(?:CVE\.?\s*(?:DE\s+)?RAST(?:REO)?|CLAVE\s+(?:DE\s+)?RASTREO|RASTREO)\.?\s*:?\s*([A-Z0-9]{6,30})\b/i

/**
 * The exports of five Mexican banks' business portals. None of them is published: the columns are those of files that others read
 * (srandres-git/cves-edo-cta-mlg at f26a479, usevenice's BBVA importer; read 2026-11-21), each with the spellings that we saw. Banks change them
 * without notice: a file that does not fit is refused whole, and `mapping` reads any other. See docs/bank-transfers.md.
 */
export const layouts: Readonly<Record<string, Layout>> = {
  banorte: {
    id: 'banorte',
    date_order: 'dmy',
    decimal: '.',
    columns: {
      date: ['Fecha', 'Fecha de Operación'], credit: ['Depósitos'], debit: ['Retiros'], balance: ['Saldo'], account: ['Cuenta'],
      description: ['Descripción', 'Descripción Detallada'], reference: ['Referencia Numérica'], tracking_key: ['Clave de Rastreo']
    },
    reference_in_text: [spoken]
  },
  citibanamex: {
    id: 'citibanamex',
    date_order: 'dmy',
    decimal: '.',
    columns: { date: ['Fecha'], credit: ['Depósitos'], debit: ['Retiros'], balance: ['Saldo'], description: ['Descripción'], tracking_key: ['Clave de Rastreo'] },
    reference_in_text: [spoken]
  },
  bbva: {
    id: 'bbva',
    date_order: 'dmy',
    decimal: '.',
    columns: { date: ['Día', 'Fecha'], credit: ['Abono'], debit: ['Cargo'], balance: ['Saldo'], description: ['Concepto / Referencia', 'Descripción', 'Concepto', 'Referencia'], tracking_key: ['Clave de Rastreo'] },
    // SPEI RECIBIDOBANCOPPEL / 0141401703  137 9990008Yaris: our folio, the bank, then the numeric reference with the concept right behind it.
    reference_in_text: [/\/\s*\d{6,12}\s+\d{3}\s+(\d{7})(?!\d)/, spoken]
  },
  hsbc: {
    id: 'hsbc',
    date_order: 'dmy',
    decimal: '.',
    columns: {
      date: ['Fecha del apunte', 'Fecha'], credit: ['Importe de crédito', 'Abono'], debit: ['Importe del débito', 'Cargo'], balance: ['Saldo'], account: ['Número de cuenta'], currency: ['Moneda'],
      description: ['Descripción', 'Referencia bancaria'], reference: ['Referencia de cliente'], tracking_key: ['Clave de Rastreo']
    },
    reference_in_text: [spoken]
  },
  santander: {
    id: 'santander',
    date_order: 'dmy',
    decimal: '.',
    columns: {
      date: ['Fecha'], time: ['Hora'], amount: ['Importe'], mark: ['Cargo/Abono'], balance: ['Saldo'], account: ['Cuenta'],
      description: ['Concepto', 'Descripción'], reference: ['Referencia Numérica', 'Referencia'], tracking_key: ['Clave de Rastreo'], payer: ['Nombre Ordenante']
    },
    credit_marks: ['+', 'abono', 'a', 'c'],
    reference_in_text: [spoken]
  }
}

export const layoutIds = Object.keys(layouts)

/** Of a CLABE's bank. */
export const layoutOfBank: Readonly<Record<string, string>> = { '072': 'banorte', '002': 'citibanamex', '012': 'bbva', '021': 'hsbc', '014': 'santander' }
