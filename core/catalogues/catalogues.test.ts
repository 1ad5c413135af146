import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { HubInstance } from '../http.ts'
import { bearer, httpApp } from '../../test/support/http-app.ts'
import { validation } from '../../plugins/validation.ts'
import { catalogueRoutes } from './routes.ts'
import { tables } from './tables.ts'

async function catalogueApp (t: Test) {
  const dataDir = t.testdir()
  const app = await httpApp(t, { early: async app => { await app.register(validation) } })
  app.decorate('hub', { config: { dataDir } } as never)
  return {
    dataDir,
    ask: async (url: string, headers: Record<string, string> = {}) => {
      if (!app.hasRoute({ method: 'GET', url: '/v1/catalogues' })) await app.register(async scope => { await catalogueRoutes(scope as unknown as HubInstance) })
      const answer = await app.inject({ url, headers: { ...bearer(), ...headers } })
      return { status: answer.statusCode, headers: answer.headers, body: answer.body === '' ? undefined : answer.json() }
    }
  }
}

t.test('catalogues are listed and read, with the authority’s texts', async t => {
  const { ask } = await catalogueApp(t)
  const list = await ask('/v1/catalogues')
  t.equal(list.status, 200)
  t.match(list.body.data.find(({ name }: { name: string }) => name === 'c_FormaPago'), { object: 'catalogue', title: 'Formas de pago', entries: 22, edition: /^\d{4}-/ })
  t.notOk(list.body.data.some(({ name }: { name: string }) => name === 'c_CodigoPostal'))

  const forms = await ask('/v1/catalogues/c_FormaPago')
  t.equal(forms.status, 200)
  t.equal(forms.body.data.length, 22)
  t.match(forms.body, { object: 'catalogue', name: 'c_FormaPago', source: /SAT/, next_cursor: null, data: [{ code: '01', text: 'Efectivo', valid_from: '2022-01-01', valid_to: null, banked: false }] })
  t.equal((await ask('/v1/catalogues/c_ClaveUnidad')).body.data.length, 2418, 'whole')
  t.same((await ask('/v1/catalogues/c_ObjetoImp?on=2024-12-12')).body.data.map(({ code }: { code: string }) => code), ['01', '02', '03', '04', '05'])
})

t.test('entries are searched by key or words, and come by pages', async t => {
  const { ask } = await catalogueApp(t)
  const codes = async (query: string): Promise<string[]> => (await ask(`/v1/catalogues/${query}`)).body.data.map(({ code }: { code: string }) => code)
  t.same(await codes('c_FormaPago?search=CREDITO'), ['04'], 'accents and capitals do not matter')
  t.same(await codes('c_FormaPago?search=tarjeta%20debito'), ['28'])
  t.same(await codes('c_RegimenFiscal?search=62'), ['620', '621', '622', '623', '624', '625', '626'])
  t.same(await codes('c_RegimenFiscal?search=zzz'), [])
  let cursor: string | null = '0'
  const found: string[] = []
  for (let pages = 0; cursor !== null && pages < 10; pages++) {
    const { body } = await ask(`/v1/catalogues/c_FormaPago?limit=9&search=p&cursor=${cursor}`)
    found.push(...body.data.map(({ code }: { code: string }) => code))
    cursor = body.next_cursor
  }
  t.same(found, await codes('c_FormaPago?search=p'))
})

t.test('an unchanged catalogue is not sent twice', async t => {
  const { ask } = await catalogueApp(t)
  const first = await ask('/v1/catalogues/c_UsoCFDI')
  const etag = first.headers.etag as string
  t.match(etag, /^"[\w-]{22}"$/)
  t.match(await ask('/v1/catalogues/c_UsoCFDI', { 'if-none-match': etag }), { status: 304, body: undefined, headers: { etag } })
  t.equal((await ask('/v1/catalogues/c_UsoCFDI', { 'if-none-match': '"other"' })).status, 200)
  t.not((await ask('/v1/catalogues/c_UsoCFDI?on=2026-01-01')).headers.etag, etag, 'another question')
  t.not((await ask('/v1/catalogues/c_FormaPago')).headers.etag, etag, 'another catalogue')
})

t.test('what is not there is told, and what is asked wrongly too', async t => {
  const { ask } = await catalogueApp(t)
  for (const name of ['c_Nothing', 'constructor', '__proto__', '..%2F..%2Fetc%2Fpasswd']) t.match(await ask(`/v1/catalogues/${name}`), { status: 404, body: { code: 'not_found' } }, name)
  t.match(await ask('/v1/catalogues/c_CodigoPostal'), { status: 404, body: { code: 'not_found', detail: /import-catalogues/ } })
  for (const query of ['on=yesterday', 'on=2026-13-01', 'limit=0', 'limit=5001', 'cursor=-1', 'cursor=x', 'search=']) t.match(await ask(`/v1/catalogues/c_FormaPago?${query}`), { status: 400, body: { code: 'request_invalid' } }, query)
})

t.test('a large catalogue that the operator imported is served', async t => {
  const { ask, dataDir } = await catalogueApp(t)
  mkdirSync(path.join(dataDir, 'catalogues'))
  writeFileSync(path.join(dataDir, 'catalogues', 'c_CodigoPostal.json'), JSON.stringify({ source: 'SAT', edition: '2026-08-06', entries: [{ code: '22000', text: '22000', valid_from: '2022-01-01', valid_to: null, state: 'BCN', border: true, zone: null }] }))
  t.match(await ask('/v1/catalogues/c_CodigoPostal?search=22'), { status: 200, body: { data: [{ code: '22000', border: true }] } })
})

t.test('the tables of Ecuador and Spain are catalogues too, dated where the law is', async t => {
  const { ask } = await catalogueApp(t)
  const names = (await ask('/v1/catalogues')).body.data.map(({ name }: { name: string }) => name)
  for (const { name, entries } of tables) {
    const { status, body } = await ask(`/v1/catalogues/${name}`)
    t.same([status, body.data.length, names.includes(name)], [200, entries.length, true], name)
    t.equal(new Set(body.data.map(({ code, valid_from }: { code: string, valid_from: string }) => `${code} ${valid_from}`)).size, entries.length, `${name}: no code twice`)
    t.ok(body.data.every(({ code, text }: { code: string, text: string }) => code !== '' && text !== ''), name)
  }
  const rates = async (on: string) => (await ask(`/v1/catalogues/sri_codigoPorcentaje?on=${on}`)).body.data.map(({ code, percent }: { code: string, percent: string }) => `${code}=${percent}`)
  t.ok((await rates('2016-12-01')).includes('3=14'), 'in its time')
  t.notOk((await rates('2024-03-31')).includes('4=15'))
  t.same((await rates('2026-11-21')).filter((rate: string) => /^[234]=/.test(rate)), ['4=15'])
  t.match((await ask('/v1/catalogues/facturae_RoleTypeCode')).body.data[0], { code: '01', text: 'Oficina contable', required: true, code_pattern: /A-Z0-9/ })
  t.match((await ask('/v1/catalogues/facturae_TaxTypeCode?search=igic')).body.data, [{ code: '03' }, { code: '18' }])
  t.match((await ask('/v1/catalogues/sri_tipoIdentificacion?search=05')).body.data, [{ code: '05', names: ['cedula'] }])
})
