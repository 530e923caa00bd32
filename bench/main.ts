// npm run bench: makes the data set, measures every row, prints the table, writes bench/results.json.
import 'reflect-metadata';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import pino from 'pino';
import { createServices } from '../src/app';
import { loadConfig } from '../src/config';
import { openDatabase } from '../src/database/open';
import { startEmbedded } from '../src/embedded/embedded';
import { measureBudgets } from './budgets';
import { measureClosing } from './closing';
import { LARGE, MANY, makeDataSet, ONE, SMALL } from './data-set';
import { measureFilling } from './filling';
import { measureInsights } from './insights';
import { measureLive } from './live';
import { HELP, type Options, readOptions } from './options';
import { measureExport, measureList, measureStart, measureStorage } from './others';
import { stopAll } from './processes';
import { measureReads } from './reads';
import { Results } from './results';
import { measureRetention } from './retention';
import { measureShield } from './shield';
import { measureWebhooks } from './webhooks';
import { measureWrites } from './writes';

const started = performance.now();
const say = (text: string): void => {
  process.stderr.write(`[${((performance.now() - started) / 1_000).toFixed(0).padStart(4)} s] ${text}\n`);
};

async function main(options: Options): Promise<void> {
  const dataDir = await folderOf(options);
  const results = new Results();
  try {
    const database = await startEmbedded({ dataDir, role: 'server', log: (text) => say(text) });
    try {
      await onDatabase(options, results, database.url);
    } finally {
      await stopAll();
      await database.stop();
    }
    if (options.only.includes('start')) await measureStart(dataDir, { options, results, say });
  } finally {
    await stopAll();
    if (options.data === undefined) await rm(dataDir, { recursive: true, force: true });
  }
  await report(options, results);
}

async function folderOf({ data }: Options): Promise<string> {
  const folder = data === undefined ? await mkdtemp(join(tmpdir(), 'centesimo-bench-')) : resolve(data);
  await mkdir(folder, { recursive: true });
  // The database's system user must be able to enter it when this runs as root.
  await chmod(folder, 0o755);
  return folder;
}

async function onDatabase(options: Options, results: Results, databaseUrl: string): Promise<void> {
  const config = { ...loadConfig({}), databaseUrl };
  const surroundings = { clock: () => new Date(), logger: pino({ level: 'warn' }) };
  const database = await openDatabase(config, 'server', surroundings);
  const client = new Client({ connectionString: databaseUrl, options: '-c timezone=UTC' });
  await client.connect();
  const services = createServices(database, config, surroundings);
  try {
    await makeDataSet(client, services, database, options.size, options.seed, say);
    const token = async (kind: string, workspaceIds: string[]) =>
      (await services.tokens.create({ kind, name: 'bench', workspaceIds }, { name: 'bench' })).token;
    const tokens = {
      service: await token('service', [ONE, ...MANY]),
      client: await token('client', [LARGE, SMALL]),
    };
    const bench = { options, results, client, services, database, databaseUrl, tokens, say };
    if (options.only.includes('storage')) await measureStorage(bench);
    if (options.only.includes('reads')) await measureReads(bench);
    if (options.only.includes('insights')) await measureInsights(bench);
    if (options.only.includes('reads')) await measureList(bench);
    if (options.only.includes('export')) await measureExport(bench);
    if (options.only.includes('writes')) await measureWrites(bench);
    if (options.only.includes('shield')) await measureShield(bench);
    if (options.only.includes('closing')) await measureClosing(bench);
    if (options.only.includes('filling')) await measureFilling(bench);
    if (options.only.includes('retention')) await measureRetention(bench);
    if (options.only.includes('budgets')) await measureBudgets(bench);
    if (options.only.includes('live')) await measureLive(bench);
    if (options.only.includes('webhooks')) await measureWebhooks(bench);
  } finally {
    await services.drain();
    await services.tokens.close();
    await client.end();
    await database.close();
  }
}

async function report(options: Options, results: Results): Promise<void> {
  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1_073_741_824),
    node: process.version,
  };
  process.stdout.write(`\n${results.table()}\n\n`);
  process.stdout.write(
    `${machine.cores} cores (${machine.model}), ${machine.memoryGb} GB, Node ${machine.node}; ` +
      `medians of ${options.rounds} rounds in turns, with the smallest and the largest.\n`,
  );
  const file = join('bench', 'results.json');
  const content = {
    at: new Date().toISOString(),
    options: { ...options, data: undefined },
    machine,
    rows: results.rows,
  };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
  process.stdout.write(`Written to ${file}.\n`);
}

/** Ends when it is told to: without its servers the run fails and cleans up. The second signal ends it at once. */
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    void stopAll();
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) {
    main(options).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    });
  } else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
