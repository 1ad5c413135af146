import { Badge } from '@mantine/core'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'

const words = texts({ es: { live: 'En vivo' }, en: { live: 'Live updates' } })

/** Beside a title while the server tells the page what happens (`useLive`); on a phone it would push the page down when it comes. */
export function Live () {
  const text = useTexts(words)
  return <Badge visibleFrom='sm' color='teal' className='status status-teal' leftSection={<Icon name='pulse' size={13} strokeWidth={2.4} />} data-live>{text.live}</Badge>
}
