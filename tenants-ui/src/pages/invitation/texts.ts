import { texts } from '../../i18n/texts.ts'

export const invitation = texts({
  es: {
    title: 'Su invitación',
    titleOf: (tenant: string) => `Le damos la bienvenida a ${tenant}`,
    lead: (email: string) => `Elija su contraseña para ${email}.`,
    name: 'Su nombre',
    password: 'Contraseña',
    passwordHelp: 'Al menos 10 caracteres. Una frase que solo usted conozca sirve muy bien.',
    accept: 'Aceptar y entrar',
    none: 'Abra el enlace completo que le llegó por correo.'
  },
  en: {
    title: 'Your invitation',
    titleOf: tenant => `Welcome to ${tenant}`,
    lead: email => `Choose your password for ${email}.`,
    name: 'Your name',
    password: 'Password',
    passwordHelp: 'At least 10 characters. A phrase that only you know is a good one.',
    accept: 'Accept and sign in',
    none: 'Open the whole link that you got by mail.'
  }
})
