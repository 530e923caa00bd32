import { createInterface } from 'node:readline/promises';
import { badInput } from '../errors';

/**
 * Asks before something that can't be undone; with `yes` it does not ask. Throws BAD_USER_INPUT unless the answer is
 * yes.
 */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw badInput('Confirm with --yes: without a terminal nobody can be asked. Nothing was done.');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} Type yes to go on: `);
    if (answer.trim().toLowerCase() !== 'yes') throw badInput('Not confirmed. Nothing was done.');
  } finally {
    prompt.close();
  }
}
