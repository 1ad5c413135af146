import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { openCatalogues } from '../core/fiscal/catalogues/catalogues.ts'
import { importCatalogues } from './import-catalogues.ts'

const ours = path.join(import.meta.dirname, '../core/fiscal/catalogues/data')
const source = path.resolve(process.env.PASARELA_ORACLE_DATA ?? '../shared/data', 'cfdi/catalogs')

t.test('the files of the project are what the script makes of its source', { skip: existsSync(source) ? false : `no reference data in ${source}` }, async t => {
  const { edition } = JSON.parse(readFileSync(path.join(ours, 'c_FormaPago.json'), 'utf8')) as { edition: string }
  const to = t.testdir()
  const done = importCatalogues({ from: source, to, edition })
  t.same(done.map(({ name }) => `${name}.json`).sort(), readdirSync(ours).sort())
  for (const file of readdirSync(ours)) t.equal(readFileSync(path.join(to, file), 'utf8'), readFileSync(path.join(ours, file), 'utf8'), file)
})

const forms = (rows: string) => `CREATE TABLE "cfdi_40_metodos_pago"("id" text not null, "texto" text not null, "vigencia_desde" text not null, "vigencia_hasta" text not null);\n${rows}`

t.test('what the source forgets stays, ended: last year’s documents are still judged by it', async t => {
  const folder = t.testdir()
  const from = (name: string, rows: string): string => {
    writeFileSync(path.join(folder, name), forms(rows))
    return path.join(folder, name)
  }
  const first = from('first.sql', "INSERT INTO cfdi_40_metodos_pago VALUES('PUE','Una','2022-01-01',''),('OLD','Se va','2022-01-01',''),('NEW','Antes','2022-01-01','');")
  const target = path.join(folder, 'kept')
  importCatalogues({ from: first, to: target, edition: '2026-01-10' })
  const second = from('second.sql', "INSERT INTO cfdi_40_metodos_pago VALUES('PUE','Una','2022-01-01',''),('NEW','Ahora','2027-01-01','');")
  t.same(importCatalogues({ from: second, to: target, edition: '2026-12-20' }).map(({ entries }) => entries), [4])
  const { entries } = JSON.parse(readFileSync(path.join(target, 'c_MetodoPago.json'), 'utf8'))
  t.same(entries.map(({ code, text, valid_from, valid_to }: Record<string, unknown>) => [code, text, valid_from, valid_to]), [
    ['PUE', 'Una', '2022-01-01', null], ['NEW', 'Ahora', '2027-01-01', null], ['OLD', 'Se va', '2022-01-01', '2026-12-19'], ['NEW', 'Antes', '2022-01-01', '2026-12-31']
  ])
  importCatalogues({ from: second, to: target, edition: '2027-06-01' })
  t.same(JSON.parse(readFileSync(path.join(target, 'c_MetodoPago.json'), 'utf8')).entries, entries, 'and once more changes nothing')
})

t.test('products and postal codes go from SQLite into the data folder, by the command as it is documented', async t => {
  const folder = t.testdir()
  const file = path.join(folder, 'catalogs.db')
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE cfdi_40_codigos_postales(id text, estado text, municipio text, localidad text, estimulo_frontera int, vigencia_desde text, vigencia_hasta text, huso_descripcion text);
    INSERT INTO cfdi_40_codigos_postales VALUES('22000','BCN','004','01',1,'2022-01-01','','Tiempo del Noroeste en Frontera');
    CREATE TABLE cfdi_40_productos_servicios(id text, texto text, iva_trasladado int, ieps_trasladado int, complemento text, vigencia_desde text, vigencia_hasta text, estimulo_frontera int, similares text);
    INSERT INTO cfdi_40_productos_servicios VALUES('01010101','No existe en el catálogo',2,2,'','2022-01-01','',1,'Público en general');`)
  database.close()
  const to = path.join(folder, 'data', 'catalogues')
  const run = (...args: string[]) => spawnSync(process.execPath, [path.join(import.meta.dirname, 'import-catalogues.ts'), ...args], { encoding: 'utf8' })
  const { status, stdout } = run(file, '--to', to)
  t.same([status, stdout.split('\n').map(line => line.split(',')[0])], [0, ['c_ClaveProdServ: 1 entries', 'c_CodigoPostal: 1 entries', '']])
  const catalogues = openCatalogues(to)
  t.match(catalogues.lookup('c_CodigoPostal', '22000', '2026-11-20'), { state: 'BCN', border: true, zone: 'Tiempo del Noroeste en Frontera' })
  t.match(catalogues.lookup('c_ClaveProdServ', '01010101', '2026-11-20'), { text: 'No existe en el catálogo', complement: null })
  t.match(run(path.join(folder, 'data'), '--to', to), { status: 1, stderr: /has none of the catalogues/ })
  t.match(run(), { status: 2, stderr: /usage/ })
})
