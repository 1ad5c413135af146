import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import S3rver from 's3rver'
import t from 'tap'
import { testApp } from '../../test/support/app.ts'
import type { Teardown } from '../../test/support/database.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { testHub } from '../../test/support/hub.ts'
import { loadConfig } from '../config.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId } from '../ids.ts'
import { createDocumentStore } from './create-store.ts'
import { localStore } from './local-store.ts'
import * as queries from './queries.ts'
import { s3Store } from './s3-store.ts'
import { forgetDocument, linkTo, openLink, storeDocument } from './service.ts'
import type { DocumentStore } from './store.ts'

const s3Keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** A real S3 over HTTP. It checks no signatures, so what signs is proven on our side, below. */
async function s3 (t: Teardown): Promise<{ store: DocumentStore, endpoint: string }> {
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: temporaryFolder(t) })
  const { port } = await server.run()
  t.teardown(async () => { await server.close() })
  const endpoint = `http://127.0.0.1:${port}`
  await new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3Keys }).send(new CreateBucketCommand({ Bucket: 'docs' }))
  return { endpoint, store: s3Store({ endpoint, region: 'us-east-1', bucket: 'docs', ...s3Keys }) }
}

t.test('both stores keep the same promises', async t => {
  const stores = { local: localStore(path.join(temporaryFolder(t), 'not', 'yet', 'there')), s3: (await s3(t)).store }
  for (const [name, store] of Object.entries(stores)) {
    await t.test(name, async t => {
      await store.check()
      const bytes = randomBytes(70_000)
      t.equal(await store.get('ten_a/2026/doc_1'), undefined, 'nothing yet')
      await store.put('ten_a/2026/doc_1', bytes, 'application/xml')
      t.ok((await store.get('ten_a/2026/doc_1'))?.equals(bytes), 'the bytes as they were')
      await store.put('ten_a/2026/doc_1', bytes, 'application/xml')
      await store.put('ten_a/2026/doc_2', new Uint8Array(0), 'text/plain')
      t.equal((await store.get('ten_a/2026/doc_2'))?.length, 0, 'empty is not absent')
      await Promise.all(Array.from({ length: 20 }, async (_, n) => { await store.put(`ten_b/${n}`, Buffer.from(String(n)), 'text/plain') }))
      t.same(await Promise.all(Array.from({ length: 20 }, async (_, n) => String(await store.get(`ten_b/${n}`)))), Array.from({ length: 20 }, (_, n) => String(n)))
      await store.remove('ten_a/2026/doc_1')
      await store.remove('ten_a/2026/doc_1')
      t.equal(await store.get('ten_a/2026/doc_1'), undefined)
      for (const key of ['../x', '/etc/passwd', 'a/../b', 'a//b', 'a\\b', '', 'a/', 'a b', 'ten_a/.hidden', 'a\0b']) {
        await t.rejects(store.put(key, bytes, 'x/y'), TypeError, JSON.stringify(key))
        await t.rejects(store.get(key), TypeError)
        await t.rejects(store.remove(key), TypeError)
      }
    })
  }
})

t.test('files on the disk are their owner’s, and no draft is left', { skip: process.platform === 'win32' && 'no modes there' }, async t => {
  const where = temporaryFolder(t)
  await localStore(where).put('ten_a/doc_1', Buffer.from('x'), 'text/plain')
  t.equal(statSync(path.join(where, 'ten_a/doc_1')).mode & 0o777, 0o600)
  t.same(readdirSync(path.join(where, 'ten_a')), ['doc_1'])
})

t.test('requests to S3 are signed with the key that was given, and the secret does not travel', async t => {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(JSON.stringify([request.method, request.url, request.headers]))
    response.writeHead(200).end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const { port } = server.address() as { port: number }
  await s3Store({ endpoint: `http://127.0.0.1:${port}`, region: 'auto', bucket: 'docs', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret-key' }).put('ten_a/doc_1', Buffer.from('x'), 'text/plain')
  t.match(heard[0], /AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/auto\/s3\/aws4_request/)
  t.match(heard[0], /\/docs\/ten_a\/doc_1/)
  t.notMatch(heard[0], /very-secret-key/)
})

t.test('the environment chooses the store, and half of one is refused', async t => {
  const dataDir = temporaryFolder(t)
  await createDocumentStore(loadConfig({ PASARELA_DATA_DIR: dataDir })).put('a', Buffer.from('x'), 'text/plain')
  t.ok(existsSync(path.join(dataDir, 'documents', 'a')))
  t.throws(() => createDocumentStore(loadConfig({ DOCUMENTS_S3_BUCKET: 'docs' })), /DOCUMENTS_S3_ACCESS_KEY_ID/)
  const { endpoint, store } = await s3(t)
  await createDocumentStore(loadConfig({ DOCUMENTS_S3_BUCKET: 'docs', DOCUMENTS_S3_ENDPOINT: endpoint, DOCUMENTS_S3_REGION: 'us-east-1', DOCUMENTS_S3_ACCESS_KEY_ID: s3Keys.accessKeyId, DOCUMENTS_S3_SECRET_ACCESS_KEY: s3Keys.secretAccessKey })).put('b', Buffer.from('y'), 'text/plain')
  t.equal(String(await store.get('b')), 'y')
})

t.test('documents are kept as long as the law wants, and no longer', async t => {
  const { hub, tenant, work, advance } = await testHub(t, { env: { PASARELA_DATA_DIR: temporaryFolder(t), DOCUMENTS_RETENTION_YEARS: '5' } })
  const { tenantId } = await tenant()
  const bytes = Buffer.from('<cfdi/>')
  const insert = await storeDocument(hub, tenantId, { mode: 'test', kind: 'xml', subjectType: 'invoice', subjectId: newUuid(hub.now()), name: 'A-1.xml', contentType: 'application/xml', bytes })
  const id = await inTenant(hub.db, tenantId, insert)
  const row = async () => (await inTenant(hub.db, tenantId, async db => await queries.findDocument(db, id)))!
  const key = `${publicId('tenant', tenantId)}/${(await row()).created_at.getUTCFullYear()}/${publicId('document', id)}`
  t.ok((await row()).sha256.equals(createHash('sha256').update(bytes).digest()))
  const day = 24 * 3600_000
  const { url } = await linkTo(hub, await row(), new Date(hub.now().getTime() + day))
  const token = url.split('/').at(-1)!
  t.ok((await openLink(hub, token))?.bytes.equals(bytes))
  advance(day)
  t.equal(await openLink(hub, token), undefined, 'a link ends')
  advance(5 * 365 * day - 2 * day)
  await work()
  await forgetDocument(hub, tenantId, id)
  t.equal((await row()).deleted_at, null, 'whatever wakes the job, not a day earlier')
  t.ok((await hub.documents.get(key))?.equals(bytes))
  advance(4 * day)
  await work()
  t.ok((await row()).deleted_at)
  t.equal(await hub.documents.get(key), undefined)
})

t.test('over HTTP', async t => {
  const dataDir = temporaryFolder(t)
  const app = await testApp(t, { env: { PASARELA_DATA_DIR: dataDir } })
  const [mine, other] = [await app.tenant(), await app.tenant()]
  const bytes = Buffer.from('<cfdi:Comprobante/>')
  const keep = async (name: string) => publicId('document', await inTenant(app.hub.db, mine.uuid, await storeDocument(app.hub, mine.uuid, { mode: 'test', kind: 'xml', subjectType: 'invoice', subjectId: newUuid(app.hub.now()), name, contentType: 'application/xml', bytes })))
  const id = await keep('Factura Ñ "1".xml')

  t.match((await mine.client('GET', `/v1/documents/${id}`)).body, { id, object: 'document', kind: 'xml', bytes: bytes.length, subject: /^inv_/ })
  const content = await mine.client('GET', `/v1/documents/${id}/content`)
  t.equal(content.text, String(bytes))
  t.match(content.headers.get('content-disposition'), /^attachment; filename="Factura____1_.xml"; filename\*=UTF-8''Factura%20%C3%91/)
  t.match(content.headers.get('content-security-policy'), /sandbox/)

  await t.test('another tenant, and the other mode, find nothing', async t => {
    for (const path of ['', '/content']) t.equal((await other.client('GET', `/v1/documents/${id}${path}`)).status, 404)
    t.equal((await other.client('POST', `/v1/documents/${id}/link`, { body: {} })).status, 404)
    t.equal((await app.ask('GET', `/v1/documents/${id}`, { key: await mine.key({ mode: 'live' }) })).status, 404)
  })

  await t.test('a link opens one document, for a while, and nothing else', async t => {
    const made = await mine.client('POST', `/v1/documents/${id}/link`, { body: { expires_in: 60 } })
    t.equal(made.status, 201)
    const url = new URL(made.body.url)
    t.ok(Date.parse(made.body.expires_at) - Date.now() <= 60_000)
    const opened = await fetch(url)
    t.equal(opened.status, 200)
    t.equal(await opened.text(), String(bytes))
    const [tenant, document, until, mac] = url.pathname.replace('/documents/', '').split('.') as [string, string, string, string]
    const second = await keep('b.xml')
    const flipped = (mac.startsWith('A') ? 'B' : 'A') + mac.slice(1)
    const forged = [
      [tenant, second, until, mac], [other.id, document, until, mac], [tenant, document, String(Number(until) + 9), mac], [tenant, document, until, flipped], [tenant, document, until, mac.slice(0, -2)],
      [tenant, document, until, ''], [tenant, document, until], [tenant, document, `${until} `, mac], [publicId('tenant', randomUUID()), document, until, mac], ['x'], ['a', 'b', 'c', 'd']
    ]
    for (const parts of forged) t.equal((await fetch(`${url.origin}/documents/${encodeURIComponent(parts.join('.'))}`)).status, 404, parts.join('.'))
    for (const seconds of [59, 2_592_001]) t.equal((await mine.client('POST', `/v1/documents/${id}/link`, { body: { expires_in: seconds } })).status, 400)
  })

  await t.test('bytes that were changed or lost behind our back are not handed out', async t => {
    const file = readdirSync(path.join(dataDir, 'documents'), { recursive: true }).map(String).find(name => name.endsWith(id))!
    const where = path.join(dataDir, 'documents', file)
    t.ok(readFileSync(where).equals(bytes))
    writeFileSync(where, '<cfdi:Comprobante Total="0"/>')
    t.equal((await mine.client('GET', `/v1/documents/${id}/content`)).status, 500)
    rmSync(where)
    t.equal((await mine.client('GET', `/v1/documents/${id}/content`)).status, 500)
    t.match(app.logged(), /gave other bytes for doc_.*the storage has no doc_/s)
  })
})
