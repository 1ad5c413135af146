import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { breakingChanges, contractOf, namedBreaking, unnamed } from './openapi-breaking.ts'
import { examplesOf, lint, operationsOf, withoutExample } from './openapi-lint.ts'

const root = path.join(import.meta.dirname, '..')
const source = readFileSync(path.join(root, 'docs/openapi.json'), 'utf8')
const document = JSON.parse(source)

t.test('the published document is complete, follows the rules, and its examples are as their schemas say', async t => {
  t.same(await lint(source), [])
  t.ok(operationsOf(document).length > 200)
})

t.test('every body and answer is shown by an example', t => {
  t.same(withoutExample(document), [], 'record it: scripts/record-answers.ts; or write it into plugins/openapi-examples.json')
  t.ok([...examplesOf(document)].length > 300)
  t.end()
})

t.test('the lint finds what it is for', async t => {
  const { '/v1/payments': payments, '/v1/payments/{id}': payment } = document.paths
  const broken = structuredClone({ ...document, webhooks: {}, paths: { '/v1/payments': payments, '/v1/payments/{id}': payment } })
  delete broken.paths['/v1/payments'].get.responses['200'].content
  delete broken.paths['/v1/payments'].get.responses['401']
  delete broken.paths['/v1/payments/{id}'].get.summary
  broken.paths['/v1/payments'].post.tags = ['Nothing']
  broken.components.examples.Payment.value.amount = 'much'
  const found = (await lint(JSON.stringify(broken))).join('\n')
  for (const needle of ['GET /v1/payments 200 does not say in which form', 'GET /v1/payments 401 is no problem+json', /operation-summary/, /operation-tag-defined/, 'POST /v1/payments 201: its example is not as its schema says']) t.match(found, needle)
})

t.test('what breaks programs written against the last release is named in the changelog', t => {
  const baseline = JSON.parse(readFileSync(path.join(root, 'docs/openapi.baseline.json'), 'utf8'))
  t.same(unnamed(breakingChanges(baseline, contractOf(document)), namedBreaking(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'))), [], 'a line of Unreleased that begins with **breaking** names it; at a release: node scripts/openapi-breaking.ts --release')
  t.end()
})
