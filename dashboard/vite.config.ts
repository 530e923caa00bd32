import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev -w dashboard` sends what it doesn't serve itself. */
const server = 'http://localhost:3001';

export default defineConfig({
  base: '/dashboard/',
  plugins: [react()],
  build: {
    // Everything is a file of its own, so that the Content-Security-Policy needs no exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licences.md' },
  },
  server: { proxy: { '/graphql': { target: server, ws: true }, '/api': server } },
});
