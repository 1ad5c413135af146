import { Anchor, Box, Center, Group, Loader, Paper, Skeleton, Stack, Table, Text, ThemeIcon, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { Icon, type IconName } from './icons.tsx'
import css from './page.module.css'

let firstPage = true
const longestMs = 3000

/**
 * Whether all is there that a page reads at first, or it takes too long to wait for all. Its parts appear together then: none
 * pushes away what somebody reads already.
 */
function useSettled (): boolean {
  const queries = useQueryClient()
  const [settled, setSettled] = useState(false)
  useEffect(() => {
    if (settled) return
    const isReading = () => queries.isFetching({ predicate: ({ state }) => state.status === 'pending' }) > 0
    let frame = 0
    // What was read lets other parts ask: a frame later they have asked.
    const look = () => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(() => { frame = requestAnimationFrame(() => { if (!isReading()) setSettled(true) }) })
    }
    look()
    const off = queries.getQueryCache().subscribe(look)
    const timer = setTimeout(() => setSettled(true), longestMs)
    return () => {
      off()
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }, [queries, settled])
  return settled
}

/** A page: its title (also of the browser's tab), what one can do here, and its content. The heading takes the focus, so that a screen reader says where one is. */
export function Page ({ title, lead, badge, actions, back, narrow = false, children }: { title: string, lead?: ReactNode, badge?: ReactNode, actions?: ReactNode, back?: { to: string, text: string }, narrow?: boolean, children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const settled = useSettled()
  useEffect(() => { document.title = `${title} · Pasarela` }, [title])
  useEffect(() => {
    // Of the first page the browser says the title itself; on the next ones whoever typed somewhere already stays there.
    const typing = document.activeElement instanceof HTMLInputElement || document.activeElement instanceof HTMLTextAreaElement
    if (!firstPage && !typing) heading.current?.focus({ preventScroll: true })
    firstPage = false
  }, [])
  return (
    <Box maw={narrow ? 820 : undefined} pb='xl'>
      <Stack gap={6} mb='lg'>
        {back !== undefined && <Anchor component={Link} href={back.to} size='sm' w='fit-content'><Group gap={4} wrap='nowrap'><Icon name='left' size={16} />{back.text}</Group></Anchor>}
        <Group justify='space-between' align='flex-start' className={css.head}>
          <Group gap='sm' miw={0} mih={36}>
            <Title order={1} ref={heading} tabIndex={-1} className='breaks'>{title}</Title>
            {badge}
          </Group>
          {lead !== undefined && <Text c='dimmed' className={css.lead}>{lead}</Text>}
          {actions !== undefined && <Group gap='xs' className={css.actions}>{actions}</Group>}
        </Group>
      </Stack>
      {!settled && <Loader type='dots' aria-hidden='true' className={css.loader} />}
      <div className={css.content} data-settled={settled || undefined} aria-busy={!settled}>{children}</div>
    </Box>
  )
}

/** A part of a page, with a heading of its own. */
export function Section ({ title, lead, actions, children, id }: { title: string, lead?: ReactNode, actions?: ReactNode, children: ReactNode, id?: string }) {
  return (
    <Paper component='section' p='lg' {...(id !== undefined && { id })}>
      <Group justify='space-between' align='flex-start' mb='md' gap='sm'>
        <Box>
          <Title order={2}>{title}</Title>
          {lead !== undefined && <Text c='dimmed' size='sm' mt={2}>{lead}</Text>}
        </Box>
        {actions}
      </Group>
      {children}
    </Paper>
  )
}

/** Nothing here yet, and what to do about it. */
export function Empty ({ icon = 'info', title, text, action }: { icon?: IconName, title: string, text?: ReactNode, action?: ReactNode }) {
  return (
    <Center py={56} px='md'>
      <Stack align='center' gap='sm' maw={440} ta='center'>
        <ThemeIcon size={52} radius='xl' variant='light' color='accent'><Icon name={icon} size={26} /></ThemeIcon>
        <Text fw={600} size='lg'>{title}</Text>
        {text !== undefined && <Text c='dimmed'>{text}</Text>}
        {action}
      </Stack>
    </Center>
  )
}

/** While something is read: as high as what comes, so that nothing jumps. */
export function Waiting ({ rows = 4, height = 44 }: { rows?: number, height?: number }) {
  const words = useTexts(common)
  return (
    <Stack gap='sm' role='status' aria-busy='true'>
      <span className='visually-hidden'>{words.loading}</span>
      {Array.from({ length: rows }, (_, row) => <Skeleton key={row} height={height} radius='md' />)}
    </Stack>
  )
}

/** While the whole page is fetched. */
export function WaitingPage () {
  const words = useTexts(common)
  return <Center mih='40vh' role='status'><Loader aria-hidden='true' type='dots' /><span className='visually-hidden'>{words.loading}</span></Center>
}

/** A table that is wider than a phone: scrolled by touch and by keyboard. */
export function Wide ({ label, width = 480, children }: { label: string, width?: number, children: ReactNode }) {
  return <Table.ScrollContainer minWidth={width} scrollAreaProps={{ offsetScrollbars: false, viewportProps: { tabIndex: 0, role: 'region', 'aria-label': label } }}>{children}</Table.ScrollContainer>
}

/** Names and values of one thing. */
export function Facts ({ rows }: { rows: readonly (readonly [name: string, value: ReactNode] | false | undefined)[] }) {
  return (
    <Box component='dl' m={0} style={{ display: 'grid', gridTemplateColumns: 'fit-content(42%) minmax(0, 1fr)', columnGap: 24, rowGap: 10 }}>
      {rows.filter(row => row !== false && row !== undefined).map(([name, value]) => (
        <Box key={name} style={{ display: 'contents' }}>
          <Text component='dt' size='sm' c='dimmed'>{name}</Text>
          <Text component='dd' size='sm' m={0} className='breaks'>{value ?? '—'}</Text>
        </Box>
      ))}
    </Box>
  )
}
