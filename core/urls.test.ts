import t from 'tap'
import { HubError } from './errors.ts'
import { assertPublicUrl } from './urls.ts'

function refusal (mode: 'test' | 'live', url: string): HubError | undefined {
  try {
    assertPublicUrl(mode, url, 'return_url')
  } catch (error) {
    if (error instanceof HubError) return error
    throw error
  }
  return undefined
}

t.test('live mode takes https only; test mode takes http as well', async t => {
  t.equal(refusal('live', 'https://shop.example/back?x=1'), undefined)
  t.equal(refusal('test', 'http://localhost:3000/back'), undefined)
  t.match(refusal('live', 'http://shop.example/back'), { code: 'url_not_https', errors: [{ path: 'return_url' }] })
})

t.test('what is no web URL, or carries a user or a password, is refused and named', async t => {
  for (const mode of ['test', 'live'] as const) {
    for (const url of ['', 'shop.example', '/back', 'javascript:alert(1)', 'ftp://shop.example', 'https://', 'https://me:pw@shop.example', 'https://me@shop.example']) {
      t.match(refusal(mode, url), { code: 'request_invalid', errors: [{ path: 'return_url' }] }, `${mode} ${url}`)
    }
  }
})
