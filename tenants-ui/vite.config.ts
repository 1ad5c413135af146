import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `npm start` builds with this when the console is not built yet (core/build-console.ts). For work on the UI: `npx vite` here, beside `npm start` in the root. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: {
    // The root has an old React, of the test runner's reporter.
    dedupe: ['react', 'react-dom'],
    // The client's sources, not its build.
    conditions: ['pasarela', 'module', 'browser', 'development|production']
  },
  build: {
    target: 'es2022',
    // What is inlined would need another policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:3000', '/static': 'http://127.0.0.1:3000' } }
})
