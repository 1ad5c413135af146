import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

t.test('what npm packs is plain JavaScript that runs below node_modules, and in a browser', t => {
  const app = t.testdir()
  const installed = path.join(app, 'node_modules/@pasarela/client')
  mkdirSync(installed, { recursive: true })
  // As `prepack` does it.
  execFileSync(process.execPath, [path.join(import.meta.dirname, '../node_modules/typescript/bin/tsc'), '-p', import.meta.dirname, '--outDir', path.join(installed, 'dist')])
  cpSync(path.join(import.meta.dirname, 'package.json'), path.join(installed, 'package.json'))
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) symlinkSync(path.join(import.meta.dirname, '../node_modules', name), path.join(app, 'node_modules', name))
  writeFileSync(path.join(app, 'app.mjs'), `
    import { ConnectionError, createClient } from '@pasarela/client'
    import { newWebhookSecret, signWebhook, verifyWebhook } from '@pasarela/client/webhooks'
    const secret = newWebhookSecret(), body = '{"id":"evt_1","type":"payment.succeeded"}'
    const event = await verifyWebhook(body, await signWebhook(body, { id: 'evt_1', timestamp: new Date(), secrets: secret }), secret)
    const error = await createClient({ url: 'http://127.0.0.1:9', key: 'pas_test_1', retries: 0 }).get('/v1/payments').catch(error => error)
    console.log(event.type, error instanceof ConnectionError)`)
  // As in somebody else's project: no condition of ours, and no stripping of types.
  t.equal(execFileSync(process.execPath, ['--no-experimental-strip-types', 'app.mjs'], { cwd: app, env: { PATH: process.env.PATH } }).toString().trim(), 'payment.succeeded true')
  for (const file of readdirSync(path.join(installed, 'dist')).filter(name => name.endsWith('.js'))) {
    t.notMatch(readFileSync(path.join(installed, 'dist', file), 'utf8'), /from '(node:|\.\/[\w-]+\.ts')|\b(process|Buffer)\./, `${file} needs nothing of Node’s`)
  }
  t.end()
})
