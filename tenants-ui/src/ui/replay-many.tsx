import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Asked } from '../api/client.ts'
import { useChange } from '../api/hooks.ts'
import { common } from '../i18n/common.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'
import { tell } from './notices.ts'
import { Waiting } from './page.tsx'
import { ProblemAlert } from './problem.tsx'

const words = texts({
  es: {
    open: 'Repetir los que se ven…',
    openRefused: 'Procesar los que ya se verifican…',
    title: 'Repetir muchos',
    titleRefused: 'Procesar rechazados',
    countedRefused: (count: string) => `De los rechazados, ${count} ya se verifican con los secretos de hoy. Pasan a ser avisos verificados y se procesan como cualquier otro.`,
    noneRefused: 'Con los secretos de hoy todavía no se verifica ninguno. Primero hay que reparar el secreto de la conexión.',
    counted: (count: string) => `Con estos filtros son ${count}.`,
    none: 'Con estos filtros no hay ninguno.',
    some: 'Van los más nuevos primero, 1.000 a la vez como mucho.',
    yes: (count: string) => `Repetir ${count}`,
    done: (count: string) => `Se repiten ${count}.`,
    yesRefused: (count: string) => `Procesar ${count}`,
    doneRefused: (count: string) => `Se procesan ${count}.`,
    goOn: 'Seguir con los siguientes'
  },
  en: {
    open: 'Repeat what is shown…',
    openRefused: 'Process those that verify by now…',
    title: 'Repeat many',
    titleRefused: 'Process refused ones',
    countedRefused: (count: string) => `Of the refused ones ${count} verify by now, with the secrets of today. They become verified webhooks and are processed as any other.`,
    noneRefused: 'With the secrets of today none verifies yet. The secret of the connection has to be repaired first.',
    counted: (count: string) => `With these filters there are ${count}.`,
    none: 'With these filters there are none.',
    some: 'The newest go first, 1,000 at a time at most.',
    yes: (count: string) => `Repeat ${count}`,
    done: (count: string) => `${count} are repeated.`,
    yesRefused: (count: string) => `Process ${count}`,
    doneRefused: (count: string) => `${count} are being processed.`,
    goOn: 'Go on with the next ones'
  }
})

type ReplayPath = '/v1/inbound_events/replay' | '/v1/deliveries/replay'

/** Many once more: first the server says how many they are, then a person says yes. `refused`: of webhooks that were not believed, those that are by now. */
export function ReplayMany ({ path, filter, invalidates, refused = false, size }: { path: ReplayPath, filter: Record<string, string>, invalidates: readonly string[], refused?: boolean, size?: 'xs' }) {
  const text = useTexts(words)
  const shared = useTexts(common)
  const { number } = useFormats()
  const [open, setOpen] = useState(false)
  const dry = useChange('post', path)
  const asked = (more: object) => ({ body: { ...filter, ...more } }) as Asked<'post', ReplayPath>
  const close = () => {
    setOpen(false)
    dry.reset()
    run.reset()
  }
  const run = useChange('post', path, {
    invalidates,
    onDone: ({ replayed, next_cursor: more }) => {
      if (more !== null) return
      close()
      tell((refused ? text.doneRefused : text.done)(number(replayed)))
    }
  })
  const next = run.data?.next_cursor ?? null
  return (
    <>
      <Button
        variant='default' {...(size !== undefined && { size })} leftSection={<Icon name='repeat' size={16} />} onClick={() => {
          setOpen(true)
          dry.mutate(asked({ dry_run: true }))
        }}
      >{refused ? text.openRefused : text.open}
      </Button>
      <Modal opened={open} onClose={close} title={<Text fw={650} size='lg' component='h2' m={0}>{refused ? text.titleRefused : text.title}</Text>} closeButtonProps={{ 'aria-label': shared.close }}>
        <Stack gap='md'>
          {dry.isPending && <Waiting rows={1} height={40} />}
          <ProblemAlert error={dry.error ?? run.error} />
          {dry.data !== undefined && run.data === undefined && <Text data-matched={dry.data.matched}>{dry.data.matched === 0 ? (refused ? text.noneRefused : text.none) : `${(refused ? text.countedRefused : text.counted)(number(dry.data.matched))} ${text.some}`}</Text>}
          {run.data !== undefined && <Alert color='teal' role='status' icon={<Icon name='check' />}>{(refused ? text.doneRefused : text.done)(number(run.data.replayed))}</Alert>}
          <Group justify='flex-end'>
            <Button variant='default' onClick={close}>{run.data === undefined ? shared.cancel : shared.close}</Button>
            {run.data === undefined && dry.data !== undefined && dry.data.matched > 0 && <Button loading={run.isPending} onClick={() => run.mutate(asked({}))}>{(refused ? text.yesRefused : text.yes)(number(dry.data.matched))}</Button>}
            {next !== null && <Button loading={run.isPending} onClick={() => run.mutate(asked({ cursor: next }))}>{text.goOn}</Button>}
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
