// What a process has loaded from node_modules when it ends, on standard error.
process.on('exit', () => {
  const loaded = Object.keys(require.cache).filter((file) => file.includes('node_modules'));
  process.stderr.write(`loaded beside the bundle: ${loaded.join(' ')}\n`);
});
