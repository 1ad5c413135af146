import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Asked } from '../api/client.ts'
import { useChange } from '../api/hooks.ts'
import { common } from '../i18n/common.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'
import { Waiting } from './page.tsx'
import { ProblemAlert } from './problem.tsx'

const words = texts({
  es: {
    open: 'Repetir los que se ven…',
    title: 'Repetir muchos',
    counted: (count: string) => `Con estos filtros son ${count}.`,
    none: 'Con estos filtros no hay ninguno.',
    some: 'Van los más nuevos primero, 1.000 a la vez como mucho.',
    yes: (count: string) => `Repetir ${count}`,
    done: (count: string) => `Se repiten ${count}.`,
    goOn: 'Seguir con los siguientes'
  },
  en: {
    open: 'Repeat what is shown…',
    title: 'Repeat many',
    counted: (count: string) => `With these filters there are ${count}.`,
    none: 'With these filters there are none.',
    some: 'The newest go first, 1,000 at a time at most.',
    yes: (count: string) => `Repeat ${count}`,
    done: (count: string) => `${count} are repeated.`,
    goOn: 'Go on with the next ones'
  }
})

type ReplayPath = '/v1/inbound_events/replay' | '/v1/deliveries/replay'

/** Many once more: first the server says how many they are, then a person says yes. */
export function ReplayMany ({ path, filter, invalidates }: { path: ReplayPath, filter: Record<string, string>, invalidates: readonly string[] }) {
  const text = useTexts(words)
  const shared = useTexts(common)
  const { number } = useFormats()
  const [open, setOpen] = useState(false)
  const dry = useChange('post', path)
  const run = useChange('post', path, { invalidates })
  const asked = (more: object) => ({ body: { ...filter, ...more } }) as Asked<'post', ReplayPath>
  const close = () => {
    setOpen(false)
    dry.reset()
    run.reset()
  }
  const next = run.data?.next_cursor ?? null
  return (
    <>
      <Button
        variant='default' leftSection={<Icon name='repeat' size={16} />} onClick={() => {
          setOpen(true)
          dry.mutate(asked({ dry_run: true }))
        }}
      >{text.open}
      </Button>
      <Modal opened={open} onClose={close} title={<Text fw={650} size='lg' component='h2' m={0}>{text.title}</Text>} closeButtonProps={{ 'aria-label': shared.close }}>
        <Stack gap='md'>
          {dry.isPending && <Waiting rows={1} height={40} />}
          <ProblemAlert error={dry.error ?? run.error} />
          {dry.data !== undefined && run.data === undefined && <Text data-matched={dry.data.matched}>{dry.data.matched === 0 ? text.none : `${text.counted(number(dry.data.matched))} ${text.some}`}</Text>}
          {run.data !== undefined && <Alert color='teal' role='status' icon={<Icon name='check' />}>{text.done(number(run.data.replayed))}</Alert>}
          <Group justify='flex-end'>
            <Button variant='default' onClick={close}>{run.data === undefined ? shared.cancel : shared.close}</Button>
            {run.data === undefined && dry.data !== undefined && dry.data.matched > 0 && <Button loading={run.isPending} onClick={() => run.mutate(asked({}))}>{text.yes(number(dry.data.matched))}</Button>}
            {next !== null && <Button loading={run.isPending} onClick={() => run.mutate(asked({ cursor: next }))}>{text.goOn}</Button>}
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
