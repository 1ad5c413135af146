import t from 'tap'
import { failureOf } from './support/npm-script.ts'

t.test('the types hold', async t => { t.equal(await failureOf('types'), '') })
