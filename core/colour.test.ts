import fc from 'fast-check'
import t from 'tap'
import { contrast, inkOn, readableOn } from './colour.ts'

const colour = fc.integer({ min: 0, max: 0xffffff }).map(value => `#${value.toString(16).padStart(6, '0')}`)

t.test('whatever colour a tenant has, what is written on it and in it can be read (WCAG 2.2, 1.4.3: 4.5)', async t => {
  fc.assert(fc.property(colour, given => {
    t.ok(contrast(given, inkOn(given)) >= 4.5, given)
    for (const ground of ['#ffffff', '#14181d']) t.ok(contrast(readableOn(given, ground), ground) >= 4.5, `${given} on ${ground}`)
  }), { numRuns: 100 })
  t.equal(contrast('#000000', '#ffffff'), 21)
  t.same(['#ffff00', '#102030'].map(inkOn), ['#000000', '#ffffff'])
  t.equal(readableOn('#0b5fb8', '#ffffff'), '#0b5fb8', 'one that can be read is left as it is')
})
