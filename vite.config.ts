import { defineConfig } from 'vite';

/** The browser pages: four entries, hashed assets, nothing inlined (the content security policy allows no inline code). */
export default defineConfig({
  root: 'src',
  base: './',
  publicDir: false,
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [
        'src/console/web/agent.html',
        'src/sandbox/web/home.html',
        'src/sandbox/web/phone.html',
        'src/sandbox/web/inbox.html',
      ],
    },
  },
  // The pages are served from other paths than they lie at, each beside its `assets/`.
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `./${file}` : { relative: true }),
  },
});
