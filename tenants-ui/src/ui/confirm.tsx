import { Button, type ButtonProps, Group, Modal, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { Answer, Asked, Method, Paths } from '../api/client.ts'
import { useChange } from '../api/hooks.ts'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { tell } from './notices.ts'
import { ProblemAlert } from './problem.tsx'

interface ConfirmProps<M extends Exclude<Method, 'get'>, P extends Paths<M>> {
  method: M
  path: P
  /** What is sent, or how it is made of what was typed in `children`. */
  asked?: Asked<M, P> | (() => Asked<M, P>)
  invalidates?: readonly string[]
  /** On the button that opens the question. */
  label: string
  title: string
  /** What happens when one says yes; what cannot be undone is said here. */
  text?: ReactNode
  /** On the button that does it: a verb, never “OK”. */
  yes: string
  /** Said when it is done. */
  done?: string
  danger?: boolean
  onDone?: (answer: Answer<M, P>) => void
  /** Fields of the question. */
  children?: ReactNode
  /** Whether what was typed is enough. */
  ready?: boolean
  button?: ButtonProps
}

/** An action that is asked about first. One yes is one Idempotency-Key, however often the network fails (api/hooks.ts). */
export function Confirm<M extends Exclude<Method, 'get'>, P extends Paths<M>> ({ method, path, asked, invalidates = [], label, title, text, yes, done, danger = false, onDone, children, ready = true, button }: ConfirmProps<M, P>) {
  const words = useTexts(common)
  const [open, setOpen] = useState(false)
  const change = useChange(method, path, {
    invalidates,
    onDone: answer => {
      setOpen(false)
      if (done !== undefined) tell(done)
      onDone?.(answer)
    }
  })
  const close = () => {
    if (change.isPending) return
    setOpen(false)
    change.reset()
  }
  return (
    <>
      <Button variant={danger ? 'light' : 'default'} {...(danger && { color: 'red' })} {...button} onClick={() => setOpen(true)}>{label}</Button>
      <Modal opened={open} onClose={close} title={<Text fw={650} size='lg' component='h2' m={0}>{title}</Text>} closeButtonProps={{ 'aria-label': words.close }}>
        <form onSubmit={event => {
          event.preventDefault()
          // A question may be asked from within a form: saying yes to it does not send that one.
          event.stopPropagation()
          if (!change.isPending && ready) change.mutate(typeof asked === 'function' ? asked() : asked)
        }}
        >
          <Stack gap='md'>
            {text !== undefined && <Text component='div'>{text}</Text>}
            {children}
            {change.isError && <ProblemAlert error={change.error} />}
            <Group justify='flex-end'>
              <Button variant='default' onClick={close} disabled={change.isPending}>{words.cancel}</Button>
              <Button type='submit' loading={change.isPending} disabled={!ready} {...(danger && { color: 'red' })} data-autofocus>{yes}</Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
