import { Box, Container, Group, Paper, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { LanguageChoice } from './choices.tsx'

/** A page for who is not signed in: one thing, in the middle. */
export function OpenPage ({ title, lead, size = 440, children }: { title: string, lead?: ReactNode, size?: number, children: ReactNode }) {
  const words = useTexts(common)
  useEffect(() => { document.title = `${title} · Pasarela` }, [title])
  return (
    <Container size={size} py={{ base: 'lg', sm: 72 }} px='md'>
      <Group justify='space-between' mb='xl' component='header'>
        <Group gap='sm'><img src='/favicon.svg' alt='' width={32} height={32} /><Text fw={700} size='lg'>{words.product}</Text></Group>
        <LanguageChoice />
      </Group>
      <Paper component='main' p={{ base: 'lg', sm: 32 }}>
        <Title order={1}>{title}</Title>
        {lead !== undefined && <Text c='dimmed' mt={4}>{lead}</Text>}
        <Box mt='lg'>{children}</Box>
      </Paper>
    </Container>
  )
}
