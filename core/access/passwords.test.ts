import t from 'tap'
import { createPasswords, type Derive, passwords } from './passwords.ts'

t.test('a password fits its own hash and no other', async t => {
  const hash = await passwords.hash('correct horse battery')
  t.match(hash, /^\$scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/)
  t.same(await passwords.check('correct horse battery', [hash]), [{ matches: true, outdated: false }])
  t.same(await passwords.check('correct horse batterx', [hash]), [{ matches: false, outdated: false }])
  t.not(await passwords.hash('correct horse battery'), hash, 'each has its own salt')
})

t.test('the same letters typed in two ways are one password', async t => {
  const cheap = createPasswords({ costs: { ln: 4, r: 8, p: 1 } })
  const hash = await cheap.hash('contrase\u00f1a larga')
  t.match(await cheap.check('contrasen\u0303a larga', [hash]), [{ matches: true }])
})

t.test('a hash of other costs still opens, and says that it is old', async t => {
  const old = await createPasswords({ costs: { ln: 4, r: 8, p: 1 } }).hash('correct horse')
  t.same(await passwords.check('correct horse', [old]), [{ matches: true, outdated: true }])
  t.match(await passwords.check('wrong horse', [old]), [{ matches: false }])
})

t.test('the work does not tell whether, or how often, a mail is known', async t => {
  let derivations = 0
  const derive: Derive = async (password, salt) => { derivations++; return Buffer.from(password + salt.toString('hex')) }
  const counted = createPasswords({ derive })
  const first = await counted.hash('one')
  const second = await counted.hash('two', first)
  const work = async (hashes: string[]) => {
    derivations = 0
    const checked = await counted.check('two', hashes)
    return { derivations, matches: checked.map(({ matches }) => matches) }
  }
  t.same(await work([]), { derivations: 1, matches: [] }, 'unknown')
  t.same(await work([first]), { derivations: 1, matches: [false] }, 'known, wrong password')
  t.same(await work([first, second]), { derivations: 1, matches: [false, true] }, 'at two tenants, with one salt')
  t.same(await work(['not a hash']), { derivations: 1, matches: [false] }, 'a broken row')
})

t.test('many at once wait for each other and all are answered', async t => {
  const hash = await passwords.hash('x')
  const checked = await Promise.all(Array.from({ length: 6 }, async (_, index) => await passwords.check(index % 2 === 0 ? 'x' : 'y', [hash])))
  t.same(checked.map(([each]) => each!.matches), [true, false, true, false, true, false])
})
