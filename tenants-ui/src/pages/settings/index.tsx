import { Group, Paper, SimpleGrid, Text, ThemeIcon } from '@mantine/core'
import { Link } from 'wouter'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { settings } from './texts.ts'

const places = [
  { name: 'users', to: '/settings/users', icon: 'people', scope: 'users:read' },
  { name: 'keys', to: '/settings/api-keys', icon: 'key', scope: 'api_keys:read' },
  { name: 'routing', to: '/settings/routing', icon: 'repeat', scope: 'connections:read' },
  { name: 'series', to: '/settings/series', icon: 'invoice', scope: 'issuers:read' },
  { name: 'banks', to: '/settings/bank-accounts', icon: 'building', scope: 'connections:read' },
  { name: 'notices', to: '/settings/notices', icon: 'mail', scope: 'connections:read' },
  { name: 'branding', to: '/settings/branding', icon: 'star', scope: 'issuers:read' },
  { name: 'endpoints', to: '/deliveries/endpoints', icon: 'send', scope: 'webhooks:read' },
  { name: 'audit', to: '/settings/audit', icon: 'book', scope: 'audit:read' },
  { name: 'support', to: '/settings/support-access', icon: 'shield', scope: 'audit:read' }
] as const satisfies readonly { name: string, to: string, icon: IconName, scope: string }[]

/** What the platform itself has of these. */
const ofPlatform: ReadonlySet<string> = new Set(['users', 'keys', 'audit'])

export default function SettingsPage () {
  const words = useTexts(settings)
  const { may, atPlatform } = useSession()
  return (
    <Page title={words.title} lead={words.lead}>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing='md'>
        {places.filter(({ name, scope }) => may(scope) && (!atPlatform || ofPlatform.has(name))).map(({ name, to, icon }) => (
          <Paper key={name} component={Link} href={to} p='md' className='card'>
            <Group gap='md' wrap='nowrap' align='flex-start'>
              <ThemeIcon size={38} radius='md' variant='light'><Icon name={icon} /></ThemeIcon>
              <div><Text fw={600}>{words[`${name}Title`]}</Text><Text size='sm' c='dimmed'>{words[`${name}Text`]}</Text></div>
            </Group>
          </Paper>
        ))}
      </SimpleGrid>
    </Page>
  )
}
