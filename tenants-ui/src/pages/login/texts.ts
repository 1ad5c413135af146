import { texts } from '../../i18n/texts.ts'

export const login = texts({
  es: {
    title: 'Entrar',
    lead: 'Cobre con su propia cuenta y facture con su propio certificado, desde un solo lugar.',
    email: 'Correo electrónico',
    password: 'Contraseña',
    tenant: 'Organización',
    choose: 'Este correo entra en varias organizaciones: elija una.',
    submit: 'Entrar',
    forgotten: '¿Olvidó su contraseña? Un administrador de su organización puede darle una nueva.'
  },
  en: {
    title: 'Sign in',
    lead: 'Take payments with your own account and issue invoices with your own certificate, from one place.',
    email: 'E-mail',
    password: 'Password',
    tenant: 'Organisation',
    choose: 'This e-mail opens several organisations: choose one.',
    submit: 'Sign in',
    forgotten: 'Forgot your password? An administrator of your organisation can give you a new one.'
  }
})
