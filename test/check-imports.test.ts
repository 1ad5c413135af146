import t from 'tap'
import { failureOf } from './support/npm-script.ts'

t.test('nobody imports upward', async t => { t.equal(await failureOf('imports'), '') })
