import t from 'tap'
import fc from 'fast-check'
import { escapeHtml } from '../escape-html.ts'
import { type Letter, renderLetter } from './letter.ts'
import { afterAttempt, type Recipient, statusOf } from './machine.ts'

const letter = (changes: Partial<Letter> = {}): Letter => ({
  language: 'es', subject: 'Factura A-1', sender: 'Kemper', heading: 'Recibió su factura', paragraphs: ['Va adjunta.'], facts: [['Total', '1.00 MXN']], actions: [{ label: 'Pagar', url: 'https://pay.example/1' }], footer: ['Kemper · EKU9003173C9'], test: false, ...changes
})

t.test('nothing that anybody wrote becomes markup, in any field', t => {
  const nasty = fc.string({ unit: fc.constantFrom('<', '>', '"', '\'', '&', 'a', ' ', '\n', '\r', '=', '/', 'javascript:', '</td>', '<img src=x onerror=alert(1)>') })
  fc.assert(fc.property(nasty, text => {
    const { html } = renderLetter(letter({ subject: text, sender: text, colour: text, heading: text, greeting: text, paragraphs: [text], message: text, facts: [[text, text]], actions: [{ label: text, url: text }], footer: [text] }), { logo: 'logo@x' })
    const plain = renderLetter(letter({ subject: 'x', sender: 'x', heading: 'x', greeting: 'x', message: 'x', facts: [['x', 'x']], actions: [{ label: 'x', url: 'x' }], footer: ['x'], paragraphs: ['x'] }), { logo: 'logo@x' }).html
    const tags = (of: string) => (of.match(/<[^>]*>/g) ?? []).map(tag => tag.replace(/ (alt)="[^"]*"/g, '')).filter(tag => tag !== '<br>')
    return JSON.stringify(tags(html)) === JSON.stringify(tags(plain))
  }), { numRuns: 300 })
  t.equal(escapeHtml('<a href="x" id=\'y\'>&amp;</a>'), '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;')
  t.notMatch(renderLetter(letter({ actions: [{ label: 'x', url: 'javascript:alert(1)' }] })).html, /href/)
  t.end()
})

t.test('text and HTML say the same; a header is one line; test mode says so', t => {
  const { text, html, subject } = renderLetter(letter({ subject: 'a\r\nBcc: evil@example.com', message: 'Hola\nsegunda línea', greeting: 'Estimada Ana:', test: true }))
  t.equal(subject, '[PRUEBA] a Bcc: evil@example.com')
  for (const part of ['Recibió su factura', 'Estimada Ana:', 'Va adjunta.', 'segunda línea', '1.00 MXN', 'https://pay.example/1', 'Kemper · EKU9003173C9', 'Correo de prueba']) {
    t.ok(text.includes(part), `text: ${part}`)
    t.ok(html.includes(part), `html: ${part}`)
  }
  t.match(html, /Hola<br>segunda/)
  t.notMatch(html, /src="(?!cid:)|url\(|<script/, 'nothing is loaded from anywhere')
  t.end()
})

t.test('the brand is readable, whatever its colour; what is no colour is ours', t => {
  t.match(renderLetter(letter({ colour: '#ffff00' })).html, /background:#ffff00;color:#000000/)
  t.match(renderLetter(letter({ colour: '#102030' })).html, /background:#102030;color:#ffffff/)
  t.match(renderLetter(letter({ colour: 'red;background:url(//x)' })).html, /background:#1f3a5f/)
  t.end()
})

t.test('whoever has it is never sent it again, and nobody waits for ever', t => {
  const to = (address: string, state: Recipient['state'] = 'waiting'): Recipient => ({ kind: 'to', address, state })
  const some = [to('a'), to('b'), to('c'), to('d', 'sent')]
  const mixed = afterAttempt(some, { accepted: ['a'], refused: [{ address: 'b', code: 550, said: 'no' }, { address: 'c', code: 450, said: 'later' }] })
  t.same(mixed.map(({ state, code }) => [state, code]), [['sent', undefined], ['refused', 550], ['waiting', 450], ['sent', undefined]])
  t.equal(statusOf(mixed, { again: true }), 'queued')
  t.equal(statusOf(mixed, { again: false }), 'parked')
  t.equal(statusOf(afterAttempt(mixed, { accepted: ['c'], refused: [] }), { again: true }), 'sent')
  const refused = afterAttempt([to('a'), to('d', 'sent')], { accepted: [], refused: [], failure: { reached: 'answered', final: true, code: '554', said: 'spam' } })
  t.same(refused.map(({ state }) => state), ['refused', 'sent'])
  t.equal(statusOf(refused.slice(0, 1), { again: true }), 'refused')
  const lost = afterAttempt([to('a')], { accepted: [], refused: [], failure: { reached: 'unknown', final: false, code: 'ECONNECTION', said: '' } })
  t.equal(statusOf(lost, { again: true }), 'queued', 'no answer is no refusal')
  t.end()
})
