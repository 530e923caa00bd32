import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev -w graphiql` sends what it doesn't serve itself. */
const server = 'http://localhost:3001';

export default defineConfig({
  base: '/graphiql/',
  plugins: [react()],
  build: {
    // Everything is a file of its own, so that the Content-Security-Policy needs no exception for scripts.
    assetsInlineLimit: 0,
    // An editor with the whole language in it; loaded by nothing but this page.
    chunkSizeWarningLimit: 1_200,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // React's compiler marks its own runtime so; in a bundle it means nothing.
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
    license: { fileName: 'licences.md' },
  },
  server: { proxy: { '/graphql': { target: server, ws: true }, '/graphiql/examples.json': server } },
});
