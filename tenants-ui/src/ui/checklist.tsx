import { Box, Group, Stack, Text, ThemeIcon } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTexts } from '../i18n/language.tsx'
import { statusWords } from '../i18n/statuses.ts'
import { Icon, type IconName } from './icons.tsx'

export interface CheckItem {
  id: string
  state: 'done' | 'failed' | 'waiting' | 'todo' | 'warning' | 'info'
  title: ReactNode
  /** The evidence, or what is left to do. */
  detail?: ReactNode
}

const looks: Record<CheckItem['state'], { color: string, icon: IconName }> = {
  done: { color: 'teal', icon: 'check' }, failed: { color: 'red', icon: 'cross' }, waiting: { color: 'yellow', icon: 'clock' }, todo: { color: 'gray', icon: 'dot' }, warning: { color: 'yellow', icon: 'warning' }, info: { color: 'blue', icon: 'info' }
}

/** What was proven and what was not, each with its evidence. */
export function Checklist ({ items }: { items: readonly CheckItem[] }) {
  const words = useTexts(statusWords) as Record<string, string>
  return (
    <Stack component='ul' gap='sm' m={0} p={0} style={{ listStyle: 'none' }}>
      {items.map(({ id, state, title, detail }) => (
        <Group component='li' key={id} align='flex-start' gap='sm' wrap='nowrap' data-check={id} data-state={state}>
          <ThemeIcon size={24} radius='xl' variant='light' color={looks[state].color} mt={1}><Icon name={looks[state].icon} size={14} strokeWidth={2.6} /></ThemeIcon>
          <Box miw={0} flex={1}>
            <Text fw={550}><span className='visually-hidden'>{words[state] ?? ''}: </span>{title}</Text>
            {detail !== undefined && <Text size='sm' c='dimmed' component='div' className='breaks'>{detail}</Text>}
          </Box>
        </Group>
      ))}
    </Stack>
  )
}
