import t from 'tap'
import type { HttpRequest } from './http.ts'
import { ProviderError } from './problems.ts'
import { allAt, escapeXml, readXml, soapCall, textAt } from './soap.ts'

const envelope = (body: string) => `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`

function answering (body: string, status = 200): { context: Parameters<typeof soapCall>[0], asked: HttpRequest[] } {
  const asked: HttpRequest[] = []
  return { asked, context: { now: () => new Date(0), http: async request => { asked.push(request); return { status, headers: {}, body: Buffer.from(body) } } } }
}

const call = async (context: Parameters<typeof soapCall>[0]) => await soapCall(context, { url: 'https://pac.example/soap', action: 'stamp', namespaces: { p: 'urn:pac' }, body: `<p:stamp><p:xml>${escapeXml('<a b="1">&</a>')}</p:xml></p:stamp>` })

t.test('a call and its answer', async t => {
  const { context, asked } = answering(envelope('<r:stampResponse xmlns:r="urn:pac"><r:UUID id="7">00A&#xF1;&amp;</r:UUID><r:x/><r:n>1</r:n><r:n>002</r:n></r:stampResponse>'))
  const answer = await call(context)
  t.equal(textAt(answer, 'stampResponse', 'UUID'), '00Añ&')
  t.equal(textAt(answer, 'stampResponse', 'UUID', '@id'), '7')
  t.equal(textAt(answer, 'stampResponse', 'x'), undefined, 'empty')
  t.equal(textAt(answer, 'stampResponse', 'nothing', 'deeper'), undefined)
  t.same(allAt(answer, 'stampResponse', 'n'), ['1', '002'], 'digits stay as they are written')
  t.same(allAt(answer, 'stampResponse', 'x'), [])
  t.match(asked[0], { method: 'POST', headers: { soapaction: '"stamp"', 'content-type': 'text/xml; charset=utf-8' } })
  t.equal(textAt(readXml(String(asked[0]!.body)), 'Envelope', 'Body', 'stamp', 'xml'), '<a b="1">&</a>', 'what is escaped comes back')
})

t.test('what went wrong, and how far it got', async t => {
  const cases: [string, number, Partial<ProviderError>][] = [
    [envelope('<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>'), 500, { code: 'invalid_request', reached: 'answered', providerMessage: 'no' }],
    [envelope('<s:Fault><faultcode>s:Server</faultcode><faultstring>oops</faultstring></s:Fault>'), 500, { reached: 'unknown', providerMessage: 'oops' }],
    ['<html>gateway</html>', 502, { reached: 'unknown' }],
    ['<html>gateway</html>', 429, { code: 'rate_limited', reached: 'nowhere' }],
    ['', 200, { reached: 'unknown' }],
    [envelope('<x/>').slice(0, 90), 200, { reached: 'unknown' }],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 200, { reached: 'unknown' }]
  ]
  for (const [body, status, expected] of cases) {
    const { context } = answering(body, status)
    const thrown = await call(context).catch((error: unknown) => error)
    t.ok(thrown instanceof ProviderError, body.slice(0, 60))
    t.match(thrown, expected, body.slice(0, 60))
  }
  const own = new ProviderError({ code: 'duplicate', reached: 'answered' })
  const { context } = answering(envelope('<s:Fault><faultcode>s:Server</faultcode><faultstring>oops</faultstring></s:Fault>'), 500)
  t.equal(await soapCall(context, { url: 'https://pac.example', action: '', body: '', faultOf: () => own }).catch((error: unknown) => error), own)
})
