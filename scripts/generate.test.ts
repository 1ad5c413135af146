import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { toyInvoicingAdapter } from '../core/adapter/testing/toy-invoicing.ts'
import { toyAdapter, toyManifest } from '../core/adapter/testing/toy-provider.ts'
import { adapterMarkdown, matrixMarkdown } from './adapter-docs.ts'
import { generate } from './generate.ts'

const files = [{ path: 'docs/a.md', text: () => 'a\n' }, { path: 'b/c.md', text: async () => 'c\n' }]

t.test('--check names what is stale and touches nothing', async t => {
  const root = t.testdir({ docs: { 'a.md': 'a, edited by hand\n' }, b: { 'c.md': 'c\n', 'gone.md': '' } })
  t.same(await generate(root, files, { write: false, folders: ['b'] }), ['docs/a.md', 'b/gone.md'])
  t.equal(readFileSync(path.join(root, 'docs/a.md'), 'utf8'), 'a, edited by hand\n')
})

t.test('what is written is not stale, folders are made, and what nobody makes goes', async t => {
  const root = t.testdir({ b: { 'gone.md': '' } })
  t.same(await generate(root, files, { write: true, folders: ['b'] }), ['docs/a.md', 'b/c.md', 'b/gone.md'])
  t.same(await generate(root, files, { write: false, folders: ['b', 'not-there'] }), [])
})

t.test('the matrix is asked of the adapters', async t => {
  const { refund, findRefund, getRefund, ...few } = toyAdapter().payments!
  const { refund: _, ...safety } = toyManifest.retry_safety
  const text = matrixMarkdown([toyAdapter(), { ...toyAdapter(), payments: few, manifest: { ...toyManifest, id: 'zz', name: 'Few', experimental: true, retry_safety: safety } }, toyInvoicingAdapter()])
  t.match(text, '| [Toy](toy.md) | [Toy stamps](toy_stamps.md) | [Few](zz.md) * |')
  t.match(text, '| Refund, whole or in part | ✓ | – | – |')
  t.match(text, '| Issue a document | – | ✓ | – |')
  t.notMatch(text, 'Global invoice', 'what nobody can is no row')
})

t.test('the page of an adapter says what its manifest says', async t => {
  const manifest = { ...toyManifest, methods: [{ type: 'card', currencies: ['MXN'] }] }
  const text = adapterMarkdown({ ...toyAdapter(), manifest })
  for (const needle of [
    '| `api_key`<br>toy | yes | yes |', '| `shop`<br>toy | yes | no |', '| `webhook_secret`<br>toy | no | yes |', '| `card` | MXN | all |', '| MXN | 1000 |  |  |', '| UGX |  |  | with 2 decimals (ISO 4217: 0), in steps of 100 |',
    '| `capture` | `idempotency-key`', 'remembers a key for 1 day.', '50 in test mode', '`payment.changed`', 'read on 2026-11-20', '(../../adapters/toy/QUIRKS.md)', '| `no_funds` | `insufficient_funds` |'
  ]) t.match(text, needle)
  t.notMatch(text, /undefined|NaN|\[object/)
  t.notMatch(adapterMarkdown(toyInvoicingAdapter()), /undefined|NaN|\[object|## Errors\n\n##/)
})
