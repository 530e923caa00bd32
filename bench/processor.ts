// Rows about the processor time of a save. Other work of the machine takes turns from it and adds nothing to it, so that
// it tells smaller differences than a rate.
import { type Measured, type Spread, spread } from './client';
import { parentOf, processorMs } from './processes';
import { range, times } from './results';
import type { Bench } from './writes';

/** Each round is a pair: what else the machine does differs less within one. */
export const pairs = (these: readonly number[], those: readonly number[]): Spread =>
  spread(these.map((value, round) => value / (those[round] ?? Number.NaN)));

/** Of the stretches that it is given: processor time a save, of the server and the database. */
export class ProcessorTimes<Name extends string> {
  private readonly spent = new Map<Name, number[]>();

  private constructor(private readonly postmaster: number) {}

  static async of<Name extends string>({ client }: Bench): Promise<ProcessorTimes<Name>> {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new ProcessorTimes<Name>(await parentOf(rows[0]?.pid ?? 0));
  }

  /** Measures a stretch of saves, with what follows it in `load`, and keeps it under the name. */
  async measure(name: Name, serverPid: number, load: () => Promise<Measured>): Promise<Measured> {
    const used = async () => (await processorMs(serverPid)) + (await processorMs(this.postmaster));
    const before = await used();
    const measured = await load();
    const each = ((await used()) - before) / measured.answers;
    this.spent.set(name, [...(this.spent.get(name) ?? []), each]);
    return measured;
  }

  /** Adds the row that compares two names. The first round of each warms up. */
  addRow({ results }: Bench, what: string, name: Name, than: Name, most: number): void {
    const [these, those] = [name, than].map((one) => (this.spent.get(one) ?? []).slice(1));
    const ratios = pairs(these ?? [], those ?? []);
    const micros = (value: number): string => `${(value * 1_000).toFixed(0)} µs`;
    results.add({
      what,
      measured: `${range(ratios, times)}: ${range(spread(these ?? []), micros)} to ${range(spread(those ?? []), micros)}`,
      target: `at most ${most} ×`,
      met: ratios.median <= most,
      values: { pairs: ratios, these: spread(these ?? []), those: spread(those ?? []) },
    });
  }
}
