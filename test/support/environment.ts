// Node's environment; a file fails when its run makes Node warn, since a warning at the first run is a defect.
import { TestEnvironment } from 'jest-environment-node';

/** TypeORM 1 asks for the types of array columns side by side on one connection when it compares a schema. */
const OF_A_LIBRARY = /already executing a query is deprecated.*getUserDefinedTypeName/s;

export default class StrictEnvironment extends TestEnvironment {
  private readonly warnings: string[] = [];
  private readonly note = (warning: Error): void => {
    const told = warning.stack ?? warning.message;
    if (!OF_A_LIBRARY.test(told)) this.warnings.push(told);
  };

  override async setup(): Promise<void> {
    await super.setup();
    process.on('warning', this.note);
  }

  override async teardown(): Promise<void> {
    await super.teardown();
    // Node warns at its next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', this.note);
    if (this.warnings.length > 0) throw new Error(`Node warned:\n${this.warnings.join('\n')}`);
  }
}
