import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { type All, type CatalogueName, type Entry, titles } from '../core/fiscal/catalogues/entries.ts'

/**
 * Makes the SAT's catalogues out of phpcfdi/resources-sat-catalogs (Unlicense), which publishes them as SQL and as SQLite.
 *
 *   node scripts/import-catalogues.ts FOLDER                 the small ones, into the project (schema-*.sql and data-*.sql)
 *   node scripts/import-catalogues.ts catalogs.db --to DIR   products and postal codes, into $PASARELA_DATA_DIR/catalogues
 *
 * Either source may be given to either: what is there is what is written.
 */

type Row = Record<string, string | number>
type Maker<N extends CatalogueName> = { table: string, row: (row: Row) => Omit<All[N], 'text' | 'valid_from' | 'valid_to'> }

const text = (value: string | number | undefined): string => String(value ?? '').trim()
const orNull = (value: string | number | undefined): string | null => text(value) === '' ? null : text(value)
const yes = (value: string | number | undefined): boolean => Number(value) > 0
const code = (row: Row): { code: string } => ({ code: text(row.id) })
/** Of the form 99, `\V*`, which is no pattern; and a line break that stands in the middle of the one of Mexico. */
const pattern = (value: string | number | undefined): string | null => text(value) === '\\V*' ? null : orNull(text(value).replaceAll('\\n', ''))
const taxes: Record<string, string> = { ISR: '001', IVA: '002', 'IVA Crédito aplicado del 50%': '002', IEPS: '003' }

const makers: { [N in CatalogueName]: Maker<N> } = {
  c_FormaPago: {
    table: 'formas_pago', row: row => ({
      ...code(row),
      banked: yes(row.es_bancarizado),
      payer_bank: yes(row.permite_banco_ordenante_rfc),
      payer_account: yes(row.permite_cuenta_ordenante),
      payer_account_pattern: pattern(row.patron_cuenta_ordenante),
      payee_bank: yes(row.permite_banco_beneficiario_rfc),
      payee_account: yes(row.permite_cuenta_beneficiario),
      payee_account_pattern: pattern(row.patron_cuenta_beneficiario),
      payment_chain: yes(row.permite_tipo_cadena_pago)
    })
  },
  c_MetodoPago: { table: 'metodos_pago', row: code },
  c_Moneda: { table: 'monedas', row: row => ({ ...code(row), decimals: Number(row.decimales), variation_percent: Number(row.porcentaje_variacion) }) },
  c_TipoDeComprobante: { table: 'tipos_comprobantes', row: row => ({ ...code(row), max_total: text(row.valor_maximo) }) },
  c_Exportacion: { table: 'exportaciones', row: code },
  c_Impuesto: { table: 'impuestos', row: row => ({ ...code(row), withheld: yes(row.retencion), transferred: yes(row.traslado) }) },
  c_TipoFactor: { table: 'tipos_factores', row: code },
  c_TasaOCuota: {
    table: 'reglas_tasa_cuota', row: row => {
      const tax = taxes[text(row.impuesto)]
      if (tax === undefined) throw new Error(`"${row.impuesto}" is not a tax that this script knows`)
      const min = text(row.tipo) === 'Rango' ? text(row.minimo) : null
      const max = text(row.valor)
      return {
        code: `${tax}-${row.factor}-${min === null ? '' : `${min}..`}${max}`,
        tax, factor: text(row.factor) as 'Tasa' | 'Cuota', min, max, withheld: yes(row.retencion), transferred: yes(row.traslado)
      }
    }
  },
  c_ObjetoImp: { table: 'objetos_impuestos', row: code },
  c_RegimenFiscal: { table: 'regimenes_fiscales', row: row => ({ ...code(row), natural: yes(row.aplica_fisica), legal: yes(row.aplica_moral) }) },
  c_UsoCFDI: {
    table: 'usos_cfdi', row: row => ({
      ...code(row), natural: yes(row.aplica_fisica), legal: yes(row.aplica_moral), regimes: text(row.regimenes_fiscales_receptores).split(',').map(text).sort()
    })
  },
  c_TipoRelacion: { table: 'tipos_relaciones', row: code },
  c_Periodicidad: { table: 'periodicidades', row: code },
  c_Meses: { table: 'meses', row: code },
  c_Pais: { table: 'paises', row: row => ({ ...code(row), postal_code_pattern: pattern(row.patron_codigo_postal), tax_id_pattern: pattern(row.patron_identidad_tributaria), group: orNull(row.agrupaciones) }) },
  c_Aduana: { table: 'aduanas', row: code },
  c_ClaveUnidad: { table: 'claves_unidades', row: row => ({ ...code(row), symbol: orNull(row.simbolo) }) },
  c_ClaveProdServ: { table: 'productos_servicios', row: row => ({ ...code(row), border: yes(row.estimulo_frontera), complement: orNull(row.complemento) }) },
  c_CodigoPostal: { table: 'codigos_postales', row: row => ({ ...code(row), state: text(row.estado), border: yes(row.estimulo_frontera), zone: orNull(row.huso_descripcion) }) }
}

export interface Imported { name: CatalogueName, entries: number, file: string }

/**
 * Writes one file for each catalogue that the source has, of those that are named (all of them by default). What stood in the
 * file and is no longer in the source stays, ended: the source forgets what a document of last year must be judged by.
 */
export function importCatalogues ({ from, to, edition, only = Object.keys(titles) as CatalogueName[] }: { from: string, to: string, edition: string, only?: readonly CatalogueName[] }): Imported[] {
  const database = open(from)
  const present = new Set(database.prepare("select name from sqlite_master where type = 'table'").all().map(({ name }) => String(name)))
  mkdirSync(to, { recursive: true })
  return only.filter(name => present.has(`cfdi_40_${makers[name].table}`)).map(name => {
    const { table, row: make } = makers[name]
    const rows = database.prepare(`select * from cfdi_40_${table}`).all() as unknown as Row[]
    const entries = rows.map(row => {
      const { code, ...rest } = make(row)
      return { code, text: text(row.texto) === '' ? text(row.impuesto) || code : text(row.texto), valid_from: orNull(row.vigencia_desde), valid_to: orNull(row.vigencia_hasta), ...rest }
    })
    const file = path.join(to, `${name}.json`)
    entries.push(...ended(file, entries, edition) as typeof entries)
    const head = { generated: 'by scripts/import-catalogues.ts, not by hand', source: 'SAT, Anexo 20, through phpcfdi/resources-sat-catalogs (Unlicense)', edition }
    // One entry a line: a change of the law is a line in the diff.
    writeFileSync(file, `{\n${Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`).join('')}  "entries": [\n${entries.map(entry => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]\n}\n`)
    return { name, entries: entries.length, file }
  })
}

/** Entries of the file before that the source no longer has: valid until the next of their code begins, or until this edition. */
function ended (file: string, now: readonly Entry[], edition: string): Entry[] {
  if (!existsSync(file)) return []
  const { entries } = JSON.parse(readFileSync(file, 'utf8')) as { entries: Entry[] }
  const present = new Set(now.map(({ code, valid_from }) => `${code} ${valid_from}`))
  const next = new Map(now.map(({ code, valid_from }) => [code, valid_from]))
  return entries.filter(({ code, valid_from }) => !present.has(`${code} ${valid_from}`)).map(entry => ({ ...entry, valid_to: entry.valid_to ?? dayBefore(next.get(entry.code) ?? edition) }))
}

function dayBefore (day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}

/** A SQLite file as it is, or a folder of SQL put into one in memory. */
function open (from: string): DatabaseSync {
  if (!/\.sql$/.test(from) && !isFolder(from)) return new DatabaseSync(from, { readOnly: true })
  const files = isFolder(from) ? readdirSync(from).filter(file => /cfdi_40_.*\.sql$/.test(file)).sort().reverse().map(file => path.join(from, file)) : [from]
  const database = new DatabaseSync(':memory:')
  // Schemas stand before their data: `schema-…` and `data-…`, the other way round in the alphabet.
  for (const file of files) database.exec(readFileSync(file, 'utf8'))
  return database
}

function isFolder (from: string): boolean {
  try {
    readdirSync(from)
    return true
  } catch {
    return false
  }
}

if (import.meta.main) {
  const { values, positionals: [from, ...more] } = parseArgs({ options: { to: { type: 'string' }, edition: { type: 'string' } }, allowPositionals: true })
  if (from === undefined || more.length > 0) {
    console.error('usage: node scripts/import-catalogues.ts FOLDER|catalogs.db [--to DIR] [--edition AAAA-MM-DD]')
    process.exit(2)
  }
  const { to = path.join(import.meta.dirname, '../core/fiscal/catalogues/data'), edition = new Date().toISOString().slice(0, 10) } = values
  const done = importCatalogues({ from, to, edition, ...(values.to === undefined ? {} : { only: ['c_ClaveProdServ', 'c_CodigoPostal'] }) })
  for (const { name, entries, file } of done) console.log(`${name}: ${entries} entries, ${file}`)
  if (done.length === 0) {
    console.error(`${from} has none of the catalogues`)
    process.exitCode = 1
  }
}
