import { useRead } from '../api/hooks.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { useSession } from '../shell/session.tsx'
import { useShortId } from './subject.tsx'

const words = texts({ es: { hub: 'Pasarela', you: 'usted' }, en: { hub: 'Pasarela itself', you: 'you' } })

/** Who did it, where the API has an id: people by their names, as far as one may see who there is. */
export function Actor ({ id, type }: { id: string, type?: string }) {
  const text = useTexts(words)
  const short = useShortId()
  const { may, session } = useSession()
  const users = useRead('/v1/users', { query: { limit: 100 } }, { enabled: may('users:read') && id.startsWith('usr_') })
  const user = users.data?.data.find(one => one.id === id)
  if (id === session.user.id) return <span className='breaks'>{session.user.name} ({text.you})</span>
  if (user !== undefined) return <span className='breaks' title={id}>{user.name}</span>
  if (type === 'system') return <>{text.hub} <span className='mono'>({id})</span></>
  return <span className={short(id) === id ? 'mono' : 'nums'} title={id}>{short(id)}</span>
}
