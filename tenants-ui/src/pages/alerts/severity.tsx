import { Badge } from '@mantine/core'
import { useTexts } from '../../i18n/language.tsx'
import { Icon } from '../../ui/icons.tsx'
import { alerts } from './texts.ts'

const looks = { critical: { color: 'red', icon: 'warning' }, warning: { color: 'yellow', icon: 'bell' }, info: { color: 'blue', icon: 'info' } } as const

export function Severity ({ value }: { value: keyof typeof looks }) {
  const words = useTexts(alerts)
  const { color, icon } = looks[value]
  return <Badge color={color} miw='max-content' className={`status status-${color}`} leftSection={<Icon name={icon} size={13} />}>{words[value]}</Badge>
}
